"""What a column can hold, for `columns.py`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Holds(StrEnum):
    """What a column holds."""

    CONTENT = "content"
    PERSONAL = "personal"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Column:
    """One declaration; `of` is the look-up from the row to whose it is.

    It ends at an Organisation for content and at a User for personal data; "self" is the
    row itself. It is empty where no foreign key leads there, and `why` says how to find it.
    """

    holds: Holds
    of: str = ""
    why: str = ""


def content(of: str, why: str = "") -> Column:
    """Declare what an organisation says."""
    return Column(Holds.CONTENT, of, why)


def personal(of: str, why: str = "") -> Column:
    """Declare what is about one person."""
    return Column(Holds.PERSONAL, of, why)


def neither(why: str) -> Column:
    """Declare what is ours, and why."""
    return Column(Holds.NEITHER, "", why)


CODE: Final = neither("one of our own codes")
OURS: Final = content("organisation")
HASH: Final = "a hash: whoever knows the value can recognise it"
RANDOM: Final = neither("random, or the digest of a random value")
SEALED: Final = neither("a secret, encrypted; it is rotated, not erased")
CALLER: Final = personal("", "user:<id> or token:<id>")
