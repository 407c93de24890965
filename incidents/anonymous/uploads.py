"""Take a reporter's files in memory alone: none of them touches a disk in clear."""

import io
from typing import Any, Final

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

MAX_FILE_BYTES: Final = 10 * 1024 * 1024
MAX_FILES: Final = 5
# The words of a form, beside its files.
_WORDS_BYTES: Final = 1024 * 1024
MAX_BODY_BYTES: Final = MAX_FILES * MAX_FILE_BYTES + _WORDS_BYTES


class MemoryUploads(FileUploadHandler):
    """Keep small files in memory and pass over larger ones; the form then says so."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.skipped: list[str] = []
        self._data = io.BytesIO()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin another file."""
        super().new_file(*args, **kwargs)
        self._data = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a part of the file. Raises SkipFile for one that is too large."""
        self._data.write(raw_data)
        if self._data.tell() > MAX_FILE_BYTES:
            self.skipped.append(self.file_name or "")
            raise SkipFile

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """Return the file."""
        self._data.seek(0)
        return InMemoryUploadedFile(
            file=self._data,
            field_name=self.field_name,
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )


def take_uploads(request: HttpRequest) -> MemoryUploads:
    """Have this request's files kept in memory. Call it before anything reads the form."""
    handler = MemoryUploads(request)
    request.upload_handlers = [handler]
    return handler
