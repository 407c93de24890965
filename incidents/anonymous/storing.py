"""Keep the files of reporters: encrypted, under names of ours, gone with their report."""

import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from incidents.anonymous.cleaning import CleanFile
from incidents.anonymous.models import ReportFile, ReportMessage
from incidents.anonymous.sealing import Seal
from incidents.incident.attachments import path_of


@contextmanager
def stored_files(
    message: ReportMessage, files: Sequence[CleanFile], *, seal: Seal, first: int
) -> Iterator[list[ReportFile]]:
    """Yield rows to be inserted, once their bytes are synced; `first` numbers them.

    The bytes are removed again if what follows fails.
    """
    rows: list[ReportFile] = []
    try:
        for number, file in enumerate(files, start=first):
            rows.append(_store(message, file, seal=seal, number=number))
        yield rows
    except BaseException:
        remove_bytes(row.stored_as for row in rows)
        raise


def read_bytes(file: ReportFile, *, seal: Seal) -> bytes:
    """Return the content of a file."""
    sealed = path_of(file.stored_as).read_bytes()
    return seal.open(sealed, place=file.uid, what="file")


def remove_bytes(names: Iterable[str]) -> None:
    """Remove the bytes of files whose rows are gone or never came to be."""
    for name in names:
        path_of(name).unlink(missing_ok=True)


def _store(
    message: ReportMessage, file: CleanFile, *, seal: Seal, number: int
) -> ReportFile:
    uid = uuid.uuid4()
    word = "picture" if file.media_type.startswith("image/") else "file"
    row = ReportFile(
        uid=uid,
        message=message,
        filename=f"{word}-{number}.{file.extension}",
        media_type=file.media_type,
        size_bytes=len(file.data),
        sha256=hashlib.sha256(file.data).hexdigest(),
        is_cleaned=file.is_cleaned,
        stored_as=f"reports/{uid.hex}",
    )
    _write(row.stored_as, seal.seal(file.data, place=uid, what="file"))
    return row


def _write(name: str, sealed: bytes) -> None:
    final = path_of(name)
    final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = final.with_suffix(".part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            target.write(sealed)
            target.flush()
            os.fsync(target.fileno())
        part.replace(final)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name itself survives a power cut
    finally:
        os.close(folder)
