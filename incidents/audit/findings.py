"""Collects what an audit finds wrong, each entry once, and not without end. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit. `entry_id` is None where no entry can be named."""

    why: str
    entry_id: int | None = None

    def __str__(self) -> str:
        if self.entry_id is None:
            return f"{self.why[:1].upper()}{self.why[1:]}"
        return f"Entry {self.entry_id}: {self.why}"

    def value(self) -> dict[str, Any]:
        """Return it as it is kept; `read_finding` undoes it."""
        entry = {} if self.entry_id is None else {"entry": self.entry_id}
        return {**entry, "why": self.why}


def read_finding(value: Mapping[str, Any]) -> Finding:
    """Return a finding that was kept."""
    return Finding(str(value["why"]), value.get("entry"))


@dataclass(slots=True)
class Findings:
    """The first findings, in their order; how many there are in all."""

    kept: list[Finding] = field(default_factory=list)
    count: int = 0
    _named: set[int] = field(default_factory=set)

    def add(self, why: str, entry_id: int | None = None) -> None:
        """Note one thing; of an entry only the first."""
        if entry_id is not None:
            if entry_id in self._named:
                return
            self._named.add(entry_id)
        self.count += 1
        if len(self.kept) < MOST:
            self.kept.append(Finding(why, entry_id))

    def add_all(self, findings: Iterable[Finding]) -> None:
        """Note several."""
        for one in findings:
            self.add(one.why, one.entry_id)

    def values(self) -> list[dict[str, Any]]:
        """Return them as they are kept, with a word of those that are not named."""
        values = [one.value() for one in self.kept]
        if self.count > len(self.kept):
            values.append({"why": f"and {self.count - len(self.kept)} more"})
        return values
