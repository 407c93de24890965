"""Small parts of the sentences in which policies are said.

>>> duration(5400)
'1 hour 30 minutes'
"""

from collections.abc import Sequence

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def duration(seconds: int) -> str:
    """Return a length of time in words."""
    parts = []
    for unit, size in _UNITS:
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount} {unit}{'' if amount == 1 else 's'}")
    return " ".join(parts)


def listed(items: Sequence[str]) -> str:
    """Return the items as one enumeration."""
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


def capitalised(sentence: str) -> str:
    """Return the sentence with a capital first letter; the rest stays as it is."""
    return sentence[:1].upper() + sentence[1:]
