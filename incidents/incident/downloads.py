"""Send a file to a browser that must not open it."""

from collections.abc import Callable
from typing import Any, Protocol

from django.http import FileResponse

from incidents.incident.new_file import path_of
from incidents.incident.transfers import LARGE_BYTES, TRANSFERS

# Whatever the bytes are, a browser that opens them runs nothing.
DOWNLOAD_POLICY = "default-src 'none'; sandbox"


class StoredFile(Protocol):
    """A file under a name of ours. What it is of says the row."""

    stored_as: str
    size_bytes: int

    @property
    def filename(self) -> str:
        """The name that it has for people."""
        ...


class _Download(FileResponse):
    """Sent in pieces that are few for a large file and small for the memory."""

    block_size = 256 * 1024

    def __init__(self, *args: Any, ended: Callable[[], None], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._resource_closers.append(ended)  # type: ignore[attr-defined]  # Django's own


def download_response(attachment: StoredFile, *, by: str) -> FileResponse:
    """Return the file as a download that no browser opens in this site's name.

    `by` names who downloads. Raises Unavailable when too many large ones are under way.
    """
    is_large = attachment.size_bytes > LARGE_BYTES
    ended = TRANSFERS.begin(by) if is_large else lambda: None
    try:
        response = _Download(
            path_of(attachment.stored_as).open("rb"),
            ended=ended,
            as_attachment=True,
            filename=attachment.filename,
            content_type="application/octet-stream",
        )
    except BaseException:
        ended()
        raise
    response["Content-Length"] = str(attachment.size_bytes)
    response["Content-Security-Policy"] = DOWNLOAD_POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
