"""Let no form that was cut off half-way pass for a whole one.

Where a sender goes away, the server's stream just ends; Django takes what came until then
for all there is, also the first half of a comment or of a file.
"""

from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class CutShort(OSError):
    """The body ended before its announced length."""


class WholeBody:
    """A body that says so when it ends too early."""

    def __init__(self, stream: Any, size_bytes: int) -> None:
        self._stream = stream
        self._missing_bytes = size_bytes

    def read(self, size_bytes: int = -1) -> bytes:
        """Return the next bytes, at most so many. Raises CutShort."""
        wanted = self._missing_bytes if size_bytes < 0 else size_bytes
        data = bytes(self._stream.read(min(wanted, self._missing_bytes)))
        return self._checked(data, is_end=wanted > 0 and not data)

    def readline(self, size_bytes: int = -1) -> bytes:
        """Return the next line, at most so many bytes of it. Raises CutShort."""
        wanted = self._missing_bytes if size_bytes < 0 else size_bytes
        data = bytes(self._stream.readline(min(wanted, self._missing_bytes)))
        return self._checked(data, is_end=wanted > 0 and not data)

    def _checked(self, data: bytes, *, is_end: bool) -> bytes:
        if is_end and self._missing_bytes:
            raise CutShort(f"{self._missing_bytes} bytes of the body did not come")
        self._missing_bytes -= len(data)
        return data


class WholeBodies:
    """Stands before the site; a body without an announced length is never read at all."""

    def __init__(self, site: Application) -> None:
        self._site = site

    def __call__(
        self, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Pass the request on, with a body that must be whole."""
        announced = environ.get("CONTENT_LENGTH") or ""
        if announced.isascii() and announced.isdecimal():
            whole = WholeBody(environ["wsgi.input"], int(announced))
            environ["wsgi.input"] = whole
        return self._site(environ, start_response)
