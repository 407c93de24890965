"""Compare texts as matchers ask: equal or not, fitting a pattern or not.

Patterns are RE2 (no backtracking, so no pattern can hang whoever matches) and must fit
the whole text.

>>> text_holds("=~", "gpu-7", "gpu-[0-9]+"), text_holds("!=", "a", "a")
(True, False)
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol, cast

import re2

TEXT_OPS: Final = ("=", "!=", "=~", "!~")
PATTERN_OPS: Final = ("=~", "!~")


class Pattern(Protocol):
    """A compiled pattern."""

    def fullmatch(self, text: str) -> object | None:
        """Return something if the whole text fits."""
        ...


def text_holds(op: str, text: str, value: str) -> bool:
    """Tell whether the comparison is true. Requires an op of TEXT_OPS."""
    return _TESTS[op](text, value)


def pattern_error(pattern: str) -> str:
    """Return why this is no pattern, empty for one that is."""
    try:
        _compile(pattern)
    except (re2.error, UnicodeError) as error:
        return str(error)
    return ""


@lru_cache(maxsize=4_096)
def _compile(pattern: str) -> Pattern:
    options = re2.Options()
    options.log_errors = False
    return cast("Pattern", re2.compile(pattern, options))


def _fits(text: str, pattern: str) -> bool:
    return _compile(pattern).fullmatch(text) is not None


_TESTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "=": lambda text, value: text == value,
    "!=": lambda text, value: text != value,
    "=~": _fits,
    "!~": lambda text, value: not _fits(text, value),
}
