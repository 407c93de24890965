"""Keep the files of an incident: streamed to disk, measured, never trusted.

The bytes lie under the data folder by a name that we made. A row is committed only
when its file is whole and synced; a file whose row could not be committed is removed,
at once or, where nobody knows whether it was, by the sweep.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import BinaryIO, Protocol

from django.db import InterfaceError, OperationalError
from django.db.models import Q, QuerySet

from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.file_limits import check_limits
from incidents.incident.incoming import ArrivedFile
from incidents.incident.lifecycle import comment
from incidents.incident.media_types import safe_filename
from incidents.incident.models import Attachment, Incident
from incidents.incident.new_file import NewFile, path_of
from incidents.organisations.models import Organisation, User


class Upload(Protocol):
    """What arrives in pieces."""

    def chunks(self) -> Iterator[bytes]:
        """Return the bytes, piece by piece."""
        ...


def store_upload(  # noqa: PLR0913 - one upload, who it is by, and when
    incident: Incident,
    upload: Upload | ArrivedFile,
    *,
    filename: str,
    organisation: Organisation,
    user: User | None,
    is_shared: bool,
    actor: Actor,
    now: datetime,
    via: str = "",
) -> Attachment:
    """Attach a file; one that is not on disk yet is streamed there.

    Call it outside a transaction, unless the bytes are here already: nothing is locked
    while they arrive.
    Raises TooLarge, NoRoom, BadInput for an empty file. Locks the incident.
    """
    with _stored(upload, organisation) as stored, recording(now):
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
            via=via,
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


@contextmanager
def _stored(
    upload: Upload | ArrivedFile, organisation: Organisation
) -> Iterator[NewFile]:
    """Yield the file once it is whole on disk; remove it if what follows fails."""
    file = upload.take() if isinstance(upload, ArrivedFile) else _written(upload)
    try:
        _require_content(file)
        check_limits(organisation, file.size_bytes)
        file.keep()
        yield file
    except (InterfaceError, OperationalError):
        # The connection broke: the row may be committed. The sweep finds out.
        file.discard()
        raise
    except BaseException:
        file.remove()
        raise


def _require_content(file: NewFile) -> None:
    if file.size_bytes == 0:
        raise BadInput("file", "", "The file is empty; choose one with content.")


def _written(upload: Upload) -> NewFile:
    file = NewFile()
    try:
        for chunk in upload.chunks():
            file.write(chunk)
    except BaseException:
        file.discard()
        raise
    return file


def _described(attachment: Attachment) -> dict[str, str | int]:
    return {
        "name": attachment.filename,
        "sha256": attachment.sha256,
        "size": attachment.size_bytes,
    }
