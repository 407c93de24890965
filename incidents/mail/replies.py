r"""Take the answer out of a reply: without the quoted mail below it.

>>> answer_of("It is contained.\n\nOn Mon, Ada wrote:\n> Where do we stand?\n")
'It is contained.'
>>> answer_of("> Is it over?\nYes.")
'> Is it over?\nYes.'
"""

import re
from typing import Final

_QUOTE: Final = ">"
# A line that programs put above what they quote: it ends in a colon.
_INTRODUCTION: Final = re.compile(r"^[^\n]{1,300}:$")
# Above an unmarked quote, in the words of Outlook.
_ORIGINAL: Final = re.compile(r"^(?:-{2,} ?[^-\n]{3,40} ?-{2,}|_{20,})$", re.MULTILINE)


def answer_of(text: str) -> str:
    """Return the text above the quoted mail; all of it when nothing is above."""
    lines = text.rstrip().split("\n")
    end = len(lines)
    while end and (lines[end - 1].startswith(_QUOTE) or not lines[end - 1].strip()):
        end -= 1
    is_quoted = any(line.startswith(_QUOTE) for line in lines[end:])
    kept = "\n".join(lines[:end] if is_quoted else lines).rstrip()
    if is_quoted:
        kept = _without_introduction(kept)
    elif found := _ORIGINAL.search(kept):
        kept = kept[: found.start()].rstrip()
    return kept or text.strip()


def _without_introduction(text: str) -> str:
    """Drop "On …, … wrote:", which may be broken into two lines."""
    *rest, last = text.split("\n")
    if not _INTRODUCTION.match(last):
        return text
    while rest and rest[-1].strip():
        if len(text.split("\n")) - len(rest) > 1:
            return text
        rest.pop()
    return "\n".join(rest).rstrip()
