"""Find the label of the step that a place in a policy's body belongs to. Pure.

>>> label_of_place("steps[2].else[0].then[1].minutes")
('3 else 1.2', 'minutes')
"""

import re

_LIST = re.compile(r"(steps|then|else)\[(\d+)\]\.?")
_SIGNS = {"steps": "", "then": ".", "else": " else "}


def label_of_place(place: str) -> tuple[str, str]:
    """Return the label of the step at a place, empty if it is none, and the rest of it."""
    label, position = "", 0
    while found := _LIST.match(place, position):
        label += f"{_SIGNS[found.group(1)]}{int(found.group(2)) + 1}"
        position = found.end()
    return label, place[position:]
