"""Take the files of a form straight to where attachments lie, hashed while they come.

Nothing is kept in memory and nothing is copied: what `store_upload` attaches is the file
that was written while it arrived. What nobody attached is removed with the request.
"""

from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from incidents.errors import TocsinError
from incidents.incident.new_file import NewFile

CHUNK_BYTES: Final = 256 * 1024


class ArrivedFile(UploadedFile):
    """A file of a form, on disk already. What went wrong with it is told by `take`."""

    def __init__(
        self, written: NewFile, *, name: str, trouble: TocsinError | None
    ) -> None:
        super().__init__(None, name, size=written.size_bytes)
        self.sha256 = written.sha256
        self._written = written
        self._trouble = trouble

    def take(self) -> NewFile:
        """Return the file, to be kept. Raises TooLarge or NoRoom if it came to that."""
        if self._trouble:
            raise self._trouble
        return self._written

    def close(self) -> None:
        """Remove the bytes, unless they were kept."""
        self._written.discard()


def arrived_files(request: HttpRequest) -> list[ArrivedFile]:
    """Return the files of a request to an address that takes files."""
    return [file for file in request.FILES.values() if isinstance(file, ArrivedFile)]


class IncomingFiles(FileUploadHandler):
    """Write the files of one request, and forget those that nobody took."""

    chunk_size = CHUNK_BYTES

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._files: list[NewFile] = []
        self._trouble: TocsinError | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin another file."""
        super().new_file(*args, **kwargs)
        self._files.append(NewFile())
        self._trouble = None

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a part of the file; after a trouble the rest passes by unread.

        The trouble is told by the form then, and what was typed beside it stays.
        """
        if self._trouble:
            return
        try:
            self._files[-1].write(raw_data)
        except TocsinError as trouble:
            self._trouble = trouble
            self._files[-1].discard()

    def file_complete(self, file_size: int) -> ArrivedFile:
        """Return the file."""
        return ArrivedFile(
            self._files[-1], name=self.file_name or "", trouble=self._trouble
        )

    def forget(self) -> None:
        """Remove the bytes of all files that were not kept."""
        for file in self._files:
            file.discard()
