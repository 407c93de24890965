"""Keep the files of an incident: streamed to disk, measured, never trusted.

The bytes lie under the data folder by a name that we made. A row is committed only
when its file is whole and synced; a file whose row could not be committed is removed.
"""

import hashlib
import os
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings
from django.db.models import Q, QuerySet

from incidents.errors import BadInput, TooLarge
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.lifecycle import comment
from incidents.incident.media_types import SNIFFED_BYTES, safe_filename, sniff
from incidents.incident.models import Attachment, Incident
from incidents.organisations.models import Organisation, User


class Upload(Protocol):
    """What arrives in pieces: Django's uploaded file, or one of ours."""

    def chunks(self) -> Iterator[bytes]:
        """Return the bytes, piece by piece."""
        ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A whole file on disk, and what was learned while it was written."""

    uid: uuid.UUID
    stored_as: str
    size_bytes: int
    sha256: str
    media_type: str


def store_upload(  # noqa: PLR0913 - one upload, who it is by, and when
    incident: Incident,
    upload: Upload,
    *,
    filename: str,
    organisation: Organisation,
    user: User | None,
    is_shared: bool,
    actor: Actor,
    now: datetime,
) -> Attachment:
    """Stream a file to disk and attach it.

    Call it outside a transaction: nothing is locked while the bytes arrive.
    Raises TooLarge, BadInput for an empty file. Locks the incident.
    """
    with _stored(upload) as stored, recording(now):
        attachment = Attachment.objects.create(
            uid=stored.uid,
            incident=incident,
            organisation=organisation,
            is_shared=is_shared,
            filename=safe_filename(filename),
            media_type=stored.media_type,
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            stored_as=stored.stored_as,
            uploaded_by=user,
            uploaded_at=now,
        )
        comment(
            incident,
            text=f"attached {attachment.filename}",
            is_shared=is_shared,
            organisation=organisation,
            user=user,
            actor=actor,
            now=now,
            attachments=[_described(attachment)],
        )
    return attachment


def visible_attachments(
    incident: Incident, organisation_ids: Collection[int]
) -> QuerySet[Attachment]:
    """Return what these organisations may see of the incident's files.

    The owner sees its own and what agencies gave it; an agency its own and what the
    owner shares. Requires an incident that is visible to the person.
    """
    shown = Q(organisation__in=organisation_ids)
    if incident.organisation_id in organisation_ids:
        shown |= Q(is_shared=True)
    else:
        shown |= Q(is_shared=True, organisation=incident.organisation_id)
    return incident.attachments.filter(shown)


def open_attachment(attachment: Attachment) -> BinaryIO:
    """Open the file for reading. Record the read before the body is sent."""
    return path_of(attachment.stored_as).open("rb")


def path_of(stored_as: str) -> Path:
    """Return where the bytes of an attachment lie."""
    return Path(settings.ATTACHMENTS_DIR) / stored_as


@contextmanager
def _stored(upload: Upload) -> Iterator[StoredFile]:
    """Yield the file once it is whole on disk; remove it if what follows fails."""
    stored = _write(upload)
    try:
        yield stored
    except BaseException:
        path_of(stored.stored_as).unlink(missing_ok=True)
        raise


def _write(upload: Upload) -> StoredFile:
    uid = uuid.uuid4()
    stored_as = f"{uid.hex[:2]}/{uid.hex}"
    final = path_of(stored_as)
    final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = final.with_suffix(".part")
    try:
        size_bytes, sha256, head = _stream(upload, part)
        part.replace(final)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(final.parent)
    return StoredFile(uid, stored_as, size_bytes, sha256, sniff(head))


def _stream(upload: Upload, part: Path) -> tuple[int, str, bytes]:
    """Copy and sync the bytes. Returns their number, sha256 and first bytes."""
    digest, size_bytes, head = hashlib.sha256(), 0, b""
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        for chunk in upload.chunks():
            size_bytes += len(chunk)
            _check_size(size_bytes)
            head += chunk[: SNIFFED_BYTES - len(head)]
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    if size_bytes == 0:
        raise BadInput("file", "", "The file is empty; choose one with content.")
    return size_bytes, digest.hexdigest(), head


def _check_size(size_bytes: int) -> None:
    limit = settings.MAX_ATTACHMENT_BYTES
    if size_bytes > limit:
        raise TooLarge(
            f"The file is larger than the limit of {limit} bytes "
            f"({limit / 1024 / 1024:.1f} MiB). Split it, or send a pointer to it."
        )


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _described(attachment: Attachment) -> dict[str, str | int]:
    return {
        "name": attachment.filename,
        "sha256": attachment.sha256,
        "size": attachment.size_bytes,
    }
