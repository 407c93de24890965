"""Lists the entries of a verified bundle: times, their bounds, and what they disclose.

Whatever else in a bundle tells a story is not evidence; this list is read from what was
verified.
"""

import json
from collections.abc import Iterator

from incidents.ledger.verify.entries import Hidden, Seen
from incidents.ledger.verify.instants import written
from incidents.ledger.verify.report import plain


class Timeline:
    """Collects a line for each entry; they count once the bundle is verified."""

    def __init__(self, *, has_contents: bool = False) -> None:
        self._lines: list[str] = []
        self._has_contents = has_contents

    def add(self, entry: Seen | Hidden, bounds: tuple[int | None, int | None]) -> None:
        """Take one entry."""
        lower, upper = (
            written(one * 1000) if one is not None else "?" for one in bounds
        )
        if isinstance(entry, Hidden):
            what = f"withheld, {entry.authority}"
            said = "?"
        else:
            what = entry.kind
            if entry.withheld:
                what += f" (withheld: {', '.join(sorted(entry.withheld))})"
            said = written(entry.at_ms)
        self._lines.append(f"{entry.seq:>7}  {said}  [{lower}, {upper}]  {what}")
        if self._has_contents and isinstance(entry, Seen):
            self._lines += _contents(entry)

    def lines(self) -> Iterator[str]:
        """Yield the list, each line with its newline."""
        if not self._lines:
            return
        yield "\nNumber, claimed time, [not before, not after], kind\n"
        for line in self._lines:
            yield f"{plain(line)}\n"


def _contents(entry: Seen) -> Iterator[str]:
    for name, value in sorted(entry.fields.items()):
        text = (
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        )
        yield f"{'':>9}{name}: {text}"
