"""In which form the log's own addresses answer."""

from collections.abc import Iterable
from typing import Any, Final

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
# What an address shows never changes: a tile only grows, and its path says its width.
KEPT: Final = "private, max-age=31536000, immutable"


class AsItIs(DefaultContentNegotiation):
    """Answer in the one format there is, whatever the caller says that it takes."""

    def select_renderer(
        self, request: Request, renderers: Iterable[Any], format_suffix: Any = None
    ) -> tuple[Any, str]:
        """Return the first one."""
        first = next(iter(renderers))
        return first, first.media_type
