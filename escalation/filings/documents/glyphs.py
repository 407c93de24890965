r"""Show by its number whatever the fonts of a PDF cannot print.

A missing glyph is a blank box or nothing at all, and nobody notices what was lost. So a
character without one is written as its Unicode number, and so are those that change the
order of text or cannot be seen.

>>> show("a漢b")
Shown(text='a[U+6F22]b', replaced=frozenset({'漢'}))

`printable.txt` lists what Libertinus Serif and DejaVu Sans Mono, which come with the
typesetter, have in regular and in bold.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

RANGES: Final = Path(__file__).parent / "printable.txt"

# Joiners shape Persian and Indic words; what shapes nothing here does no harm.
_JOINERS: Final = "\u200c\u200d"
_LINE_ENDS: Final = {"\r\n": "\n", "\r": "\n", "\u2028": "\n", "\u2029": "\n"}
# Control, format, surrogate, private use, unassigned: unseen or not to be trusted.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


@dataclass(frozen=True, slots=True)
class Shown:
    """Text that the fonts can print, and the characters that are shown by number."""

    text: str
    replaced: frozenset[str]


def show(text: str, *, missing: Iterable[str] = ()) -> Shown:
    """Return the text with numbers for what cannot be printed.

    `missing` are further characters to be shown by number.
    """
    for end, line_feed in _LINE_ENDS.items():
        text = text.replace(end, line_feed)
    unfit = {char for char in set(text) if not _is_printed(char)}
    unfit |= set(missing) & set(text)
    table = {ord(char): f"[U+{ord(char):04X}]" for char in unfit}
    return Shown(text.replace("\t", "    ").translate(table), frozenset(unfit))


def is_right_to_left(text: str) -> bool:
    """Tell whether the first letter with a direction runs from right to left.

    Source: Unicode Standard Annex 9, rules P2 and P3.
    """
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in {"L", "R", "AL"}:
            return direction != "L"
    return False


def _is_printed(char: str) -> bool:
    if char in "\n\t" or char in _JOINERS:
        return True
    if unicodedata.category(char) in _UNSEEN:
        return False
    starts, ends = _ranges()
    place = bisect_right(starts, ord(char)) - 1
    return place >= 0 and ord(char) <= ends[place]


@lru_cache(maxsize=1)
def _ranges() -> tuple[tuple[int, ...], tuple[int, ...]]:
    lines = RANGES.read_text(encoding="ascii").split()
    pairs = [line.split("-") for line in lines]
    starts = tuple(int(first, 16) for first, _ in pairs)
    return starts, tuple(int(last, 16) for _, last in pairs)
