"""Collects from the entries of a record what its human rendering tells.

Goes along while entries are written into a bundle, or verified. What it keeps is
bounded: of a record without an end the page tells the beginning, and says so.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from incidents.ledger.report.rows import (
    Bound,
    bounded,
    ground_in_words,
    row_of,
    said_by,
    who,
)
from incidents.ledger.verify.entries import Hidden, Seen
from incidents.ledger.verify.instants import written

MAX_TIMELINE: Final = 16_000_000  # characters: what a telephone still opens
MAX_LISTED: Final = 1_000  # of everything else

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_OPENINGS: Final = frozenset(
    {"incident.reported", "incident.opened", "incident.imported", "incident.shared"}
)
_STATES: Final = {
    "incident.reported": "open",
    "incident.opened": "open",
    "incident.imported": "open",
    "incident.acknowledged": "acknowledged",
    "incident.resolved": "resolved",
    "incident.reopened": "open again",
    "incident.closed": "closed",
}
_HEAD: Final = (
    "ref",
    "title",
    "category",
    "severity",
    "tlp",
    "occurred_at",
    "detected_at",
    "aware_at",
)
_ACKNOWLEDGED: Final = ".acknowledged"
_NOTICE: Final = "notification."


@dataclass(frozen=True, slots=True)
class Told:
    """A value, and the entry that says it."""

    value: str
    seq: int


@dataclass(slots=True)
class Notice:
    """A message as its entries tell it."""

    seq: int
    channel: str
    recipient: str
    purpose: str
    states: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class File:
    """A file that an entry names."""

    seq: int
    name: str
    size: str
    sha256: str


@dataclass(slots=True)
class Story:
    """What the entries tell, in lists of rows that a page shows.

    `room` is how many characters the timeline may still take.
    """

    head: dict[str, Told] = field(default_factory=dict)
    acknowledgements: list[tuple[str, ...]] = field(default_factory=list)
    notices: dict[str, Notice] = field(default_factory=dict)
    withheld: list[tuple[str, str, str]] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    timeline: list[str] = field(default_factory=list)
    count: int = 0
    cut: set[str] = field(default_factory=set)
    room: int = MAX_TIMELINE

    def see(self, entry: Seen | Hidden, bounds: Bound) -> None:
        """Take one entry, in the order of the record."""
        self.count += 1
        self._add_row(row_of(entry, bounds))
        if isinstance(entry, Hidden):
            self._list_withheld(entry.seq, "the whole entry", entry.authority)
            return
        for name, ground in sorted(entry.withheld.items()):
            self._list_withheld(entry.seq, name, ground_in_words(ground))
        said = said_by(entry)
        self._see_head(entry, said)
        self._see_files(entry, said)
        if entry.kind.startswith(_NOTICE):
            self._see_notice(entry, said)
        elif entry.kind.endswith(_ACKNOWLEDGED):
            self._see_acknowledgement(entry, said, bounds)

    def cannot_read(self, row: str) -> None:
        """Take an entry that is not as it is written; `row` says why."""
        self.count += 1
        self._add_row(row)

    def _add_row(self, row: str) -> None:
        if len(row) > self.room:
            self.room = 0  # none behind it, or the list would have holes
            return
        self.room -= len(row)
        self.timeline.append(row)

    def _has_room(self, name: str, listed: list[Any] | dict[Any, Any]) -> bool:
        if len(listed) < MAX_LISTED:
            return True
        self.cut.add(name)
        return False

    def _list_withheld(self, seq: int, what: str, ground: str) -> None:
        if self._has_room("withheld", self.withheld):
            self.withheld.append((f"{seq}", what, ground))

    def _see_head(self, entry: Seen, said: Mapping[str, Any]) -> None:
        if entry.kind in _STATES:
            self.head["state"] = Told(_STATES[entry.kind], entry.seq)
        if entry.kind == "incident.severity_changed" and "new" in said:
            self.head["severity"] = Told(_short(said["new"]), entry.seq)
        if entry.kind in _OPENINGS:
            for name in _HEAD:
                if name in said and name not in self.head:
                    self.head[name] = Told(_short(said[name]), entry.seq)

    def _see_files(self, entry: Seen, said: Mapping[str, Any]) -> None:
        for value in said.values():
            for one in _files_in(value):
                sha256 = one["sha256"]
                if sha256 not in self.files and self._has_room("files", self.files):
                    name, size = _short(one["name"]), _short(one.get("size", ""))
                    self.files[sha256] = File(entry.seq, name, size, sha256)

    def _see_notice(self, entry: Seen, said: Mapping[str, Any]) -> None:
        key = _short(said.get("notification", f"entry {entry.seq}"))
        notice = self.notices.get(key)
        if notice is None:
            if not self._has_room("notices", self.notices):
                return
            channel, to, why = (
                _short(said.get(name, "?"))
                for name in ("channel", "recipient", "purpose")
            )
            notice = Notice(entry.seq, channel, to, why)
            self.notices[key] = notice
        state = entry.kind.removeprefix(_NOTICE).replace("_", " ")
        if self._has_room("notices", notice.states):
            notice.states.append(f"{state} {written(entry.at_ms)}")

    def _see_acknowledgement(
        self, entry: Seen, said: Mapping[str, Any], bounds: Bound
    ) -> None:
        if self._has_room("acknowledgements", self.acknowledgements):
            what = entry.kind.removesuffix(_ACKNOWLEDGED).replace("_", " ")
            how = _short(said.get("how", said.get("via", said.get("reason", ""))))
            by = who(entry) or "withheld"
            times = (written(entry.at_ms), bounded(bounds))
            row = (f"{entry.seq}", what, by, how, *times)
            self.acknowledgements.append(row)


def _short(value: Any) -> str:
    """Return a value of one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return f"{value}"[:500]
    if isinstance(value, list):
        return ", ".join(_short(one) for one in value[:20])[:500]
    return "see the entry"


def _files_in(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield what names a file: an object with a name and a SHA-256, or a list of them."""
    if isinstance(value, list):
        for one in value:
            yield from _files_in(one) if isinstance(one, dict) else ()
    elif isinstance(value, dict) and "name" in value:
        sha256 = value.get("sha256")
        if isinstance(sha256, str) and _HASH.fullmatch(sha256):
            yield value
