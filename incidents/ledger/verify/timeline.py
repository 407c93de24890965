"""Lists the entries of a verified bundle, each with the bounds of its time."""

from collections.abc import Iterator

from incidents.ledger.verify.entries import Hidden, Seen
from incidents.ledger.verify.instants import written
from incidents.ledger.verify.report import plain


class Timeline:
    """Collects a line for each entry; they count once the bundle is verified."""

    def __init__(self) -> None:
        self._lines: list[str] = []

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

    def lines(self) -> Iterator[str]:
        """Yield the list, each line with its newline."""
        if not self._lines:
            return
        yield "\nNumber, claimed time, [not before, not after], kind\n"
        for line in self._lines:
            yield f"{plain(line)}\n"
