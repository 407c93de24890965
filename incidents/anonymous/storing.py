"""Keep the files of reporters: encrypted, under names of ours, gone with their report."""

import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from django.db import InterfaceError, OperationalError

from incidents.anonymous.cleaning import CleanFile
from incidents.anonymous.models import ReportFile, ReportMessage
from incidents.anonymous.sealing import Seal
from incidents.incident.new_file import NewFile, path_of

FOLDER: Final = "reports"


@contextmanager
def stored_files(
    message: ReportMessage, files: Sequence[CleanFile], *, seal: Seal, first: int
) -> Iterator[list[ReportFile]]:
    """Yield rows to be inserted, once their bytes are synced; `first` numbers them.

    The bytes are removed again if what follows fails; by the sweep where the connection
    broke and nobody knows whether the rows are there.
    """
    rows: list[ReportFile] = []
    try:
        for number, file in enumerate(files, start=first):
            rows.append(_store(message, file, seal=seal, number=number))
        yield rows
    except (InterfaceError, OperationalError):
        raise
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
    stored = NewFile(folder=FOLDER, limit_bytes=sys.maxsize)
    try:
        stored.write(seal.seal(file.data, place=stored.uid, what="file"))
        # The disk is not to tell the minute either.
        stored.keep(changed_at=message.at.timestamp())
        return _row(message, file, stored=stored, number=number)
    except BaseException:
        stored.remove()
        raise


def _row(
    message: ReportMessage, file: CleanFile, *, stored: NewFile, number: int
) -> ReportFile:
    word = "picture" if file.media_type.startswith("image/") else "file"
    return ReportFile(
        uid=stored.uid,
        message=message,
        filename=f"{word}-{number}.{file.extension}",
        media_type=file.media_type,
        size_bytes=len(file.data),
        sha256=hashlib.sha256(file.data).hexdigest(),
        is_cleaned=file.is_cleaned,
        stored_as=stored.stored_as,
    )
