"""The rows of the table, and how they are printed."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HEADINGS = ("what", "reach", "measured", "this machine alone", "ratio", "how")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what was reached, and beside it what the machine does without us."""

    what: str
    reach: str
    measured: str
    limit: str
    ratio: str
    how: str

    def cells(self) -> tuple[str, ...]:
        """Return the texts in the order of the headings."""
        return self.what, self.reach, self.measured, self.limit, self.ratio, self.how


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a table in Markdown, aligned."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEADINGS))]
    texts = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([texts[0], rule, *texts[1:], ""])


def median_of(rounds: Sequence[Mapping[str, Any]], name: str) -> float:
    """Return the median of one figure over the rounds."""
    return statistics.median([float(figures[name]) for figures in rounds])


def quantile(values: Iterable[float], share: float) -> float:
    """Return the smallest value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def verdict(is_met: bool) -> str:
    """Say whether a target was reached."""
    return "reached" if is_met else "MISSED"
