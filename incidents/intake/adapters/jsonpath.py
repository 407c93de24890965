"""Evaluate JSONPath (RFC 9535) as far as paths that customers write may go.

The library knows the whole standard. Here a path must be one whose cost is no more than
the size of the document times the length of the path, so that no mapping can hold up a
worker: the regular expressions match and search are left out, `..` may stand once and
not in a filter, a filter looks at `@` only, and several places in one pair of brackets
must be different names or numbers from 0.

A path that looks at more than one place also pays for it: each delivery has a budget of
values looked at, in all its paths together.

>>> select(compile_path("$.hosts[?@.up == false].name"), {"hosts": [
...     {"name": "a", "up": True}, {"name": "b", "up": False}]}, Budget())
['b']
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jsonpath_rfc9535 import JSONPathQuery

MAX_LENGTH = 200
MAX_VALUES = 500_000

_PART = re.compile(
    r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\.\.|[\[\](),?*:@$.\s]|[^\[\](),?*:@$.'\"\s]+"
)
_PLACE = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"|([0-9]{1,6})")
# They run regular expressions of the customer's, which can take for ever.
_LEFT_OUT = ("match", "search")
_WIDE = frozenset({"..", "*", "?", ":", ","})


class TooWide(Exception):
    """The paths of a mapping look at more values of a document than they may."""


@dataclass(frozen=True, slots=True)
class Query:
    """A path that is fit to be evaluated.

    `weight` is how often it may look at a value of the document, 0 for a path that
    leads to one place.
    """

    text: str
    compiled: "JSONPathQuery"
    weight: int


@dataclass(slots=True)
class Budget:
    """How many values the paths of one delivery may still look at."""

    left: int = MAX_VALUES

    def pay(self, document: object, *, weight: int) -> None:
        """Pay for looking at all values of a document. Raises TooWide."""
        waiting = [document]
        while waiting:
            value = waiting.pop()
            self.left -= weight
            if self.left < 0:
                raise TooWide
            if isinstance(value, dict):
                waiting.extend(value.values())
            elif isinstance(value, list):
                waiting.extend(value)


@lru_cache(maxsize=2_000)
def compile_path(text: str) -> Query:
    """Return the query for a path that begins with `$`. Raises ValueError."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"a path has at most {MAX_LENGTH} characters")
    # Twelve megabytes, which a process without mappings need not have.
    from jsonpath_rfc9535 import JSONPathError, compile  # noqa: PLC0415 (see above)

    parts = tuple(parts_in(text))
    _check(parts)
    try:
        compiled = compile(text)
    except (JSONPathError, RecursionError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{text!r} is not a JSONPath: {reason}") from None
    is_wide = not _WIDE.isdisjoint(parts)
    return Query(text, compiled, weight=1 + parts.count("@") if is_wide else 0)


def parts_in(text: str) -> Iterator[str]:
    """Yield the parts of a path; a text in quotes is one of them. Raises ValueError."""
    place = 0
    while place < len(text):
        found = _PART.match(text, place)
        if found is None:
            raise ValueError(f"{text!r} has a quote that does not end")
        place = found.end()
        if not found.group().isspace():
            yield found.group()


def _check(parts: tuple[str, ...]) -> None:
    """Refuse what costs more than it may. Raises ValueError."""
    if any(a.endswith(_LEFT_OUT) and b == "(" for a, b in pairwise(parts)):
        raise ValueError("match and search are left out; compare with ==")
    if parts.count("$") > 1:
        raise ValueError("a filter may look at @ only, not at $")
    if parts.count("..") > 1:
        raise ValueError("a path may have .. once")
    brackets: list[list[str]] = []
    for part in parts:
        if part == "[":
            brackets.append([""])
        elif part == "]" and brackets:
            _check_places(brackets.pop())
        elif brackets:
            _add(part, brackets[-1])


def _add(part: str, places: list[str]) -> None:
    """Add a part to the places that one pair of brackets names. Raises ValueError."""
    if part == "..":
        raise ValueError("a filter may not have ..")
    if part == ",":
        places.append("")
    else:
        places[-1] += part


def _check_places(places: list[str]) -> None:
    """Refuse the same place twice: each such pair of brackets doubles the work."""
    if len(places) < 2:  # noqa: PLR2004  (one place is no list)
        return
    found = [_PLACE.fullmatch(place) for place in places]
    names = {next(filter(None, m.groups()), "") for m in found if m is not None}
    if None in found or len(names) < len(places):
        raise ValueError(
            "several places in brackets must be different names or numbers from 0"
        )


def select(query: Query, document: object, budget: Budget) -> list[object]:
    """Return all values that a path leads to. Raises TooWide."""
    from jsonpath_rfc9535 import JSONPathError  # noqa: PLC0415 (it is loaded by now)

    if query.weight:
        budget.pay(document, weight=query.weight)
    try:
        return [node.value for node in query.compiled.finditer(document)]  # type: ignore[arg-type]  # JSON
    except (JSONPathError, RecursionError):  # deeper than the library descends
        raise TooWide from None
