"""Tells of a bundle while it is made: what its maker puts in, unproved.

A maker must hand over also what it cannot read and what a verifier will reject; so nothing
raises here, and what is odd stands on the page.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from incidents.ledger.bundle_parts import HiddenEntry, Line
from incidents.ledger.checkpoint import parse_checkpoint
from incidents.ledger.merkle import leaf_hash
from incidents.ledger.note import parse_note
from incidents.ledger.policy import NO_QUORUM, Policy
from incidents.ledger.report.markup import table_row, text
from incidents.ledger.report.page import Frame, write_page
from incidents.ledger.report.rows import TITLES
from incidents.ledger.report.story import Story
from incidents.ledger.verify.acknowledgements import Acknowledgements
from incidents.ledger.verify.deadlines import Deadlines
from incidents.ledger.verify.entries import Hidden, Seen, open_entry
from incidents.ledger.verify.heads import Bounds, open_head, times_of
from incidents.ledger.verify.instants import written
from incidents.ledger.verify.verdict import Rejected
from incidents.ledger.vkey import cosignature_time

MAX_FINDINGS = 100


@dataclass(slots=True)
class Telling:
    """What is told of a bundle so far.

    `head` is the note that all is proved by; `policy` the maker's own, for times alone.
    """

    head: str
    policy: Policy
    earlier: int = 0
    story: Story = field(default_factory=Story)
    findings: list[str] = field(default_factory=list)
    _acknowledgements: Acknowledgements = field(default_factory=Acknowledgements)
    _times: list[tuple[int, int, int]] = field(default_factory=list)
    _bounds: Bounds | None = None
    _deadlines: Deadlines | None = None

    def see_head(self, *notes: str) -> None:
        """Take notes of earlier heads; all of them before the first entry."""
        for note in filter(None, notes):
            self.earlier += 1
            self._times += _times(note, self.policy)

    def see(self, line: Line, seq: int) -> None:
        """Take an entry as it is handed over, with its number."""
        bounds, deadlines = self._begin()
        try:
            entry = _opened(line, seq)
        except Rejected as rejected:
            self.story.cannot_read(_unreadable(seq, rejected))
            self._find(rejected)
            return
        self.story.see(entry, bounds.of(entry.index))
        for see in (deadlines.see, self._acknowledgements.see):
            try:
                see(entry)
            except Rejected as rejected:
                self._find(rejected)

    def page(
        self,
        *,
        copy: Sequence[tuple[str, str]],
        counted: tuple[int, int],
        files: Collection[str],
    ) -> Iterator[bytes]:
        """Yield report.html, once every entry was seen.

        `counted` is the place in the log of what counts the entries, and its time in
        milliseconds since 1970.
        """
        bounds, deadlines = self._begin()
        index, at_ms = counted
        lower, _ = bounds.of(index)
        try:
            deadlines.finish(max(at_ms, (lower or 0) * 1000))
        except Rejected as rejected:
            self._find(rejected)
        frame = Frame(
            verdict="",
            copy=copy,
            proof=tuple(_proof(self.head, self.earlier)),
            findings=self.findings,
            clocks=deadlines.clocks,
            unread=deadlines.unread,
            files=files,
            signed={
                one.seq: f"by key {one.key}, not checked here"
                for one in self._acknowledgements.given()
                if one.key
            },
        )
        return write_page(frame, self.story)

    def _begin(self) -> tuple[Bounds, Deadlines]:
        if self._bounds is None or self._deadlines is None:
            self._bounds = Bounds([*_times(self.head, self.policy), *self._times])
            self._deadlines = Deadlines(
                self._bounds, has_witnesses=self.policy.quorum != NO_QUORUM
            )
        return self._bounds, self._deadlines

    def _find(self, rejected: Rejected) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(f"{rejected.code.value}: {rejected.detail}")


def _opened(line: Line, seq: int) -> Seen | Hidden:
    if isinstance(line, HiddenEntry):
        return Hidden(line.index, line.leaf_hash, seq, line.authority)
    return open_entry(line, leaf_hash(line.leaf))


def _unreadable(seq: int, rejected: Rejected) -> str:
    cells = (f"{seq}", "?", "?", f"cannot be read: {rejected.code.value}")
    return table_row(zip(TITLES, map(text, cells), strict=True))


def _times(note: str, policy: Policy) -> list[tuple[int, int, int]]:
    """Return what a head says of times; one that this policy does not know says nothing."""
    try:
        times = times_of(open_head(note, policy, where="a head"), policy)
    except Rejected:
        return []
    return [] if times is None else [times]


def _proof(head: str, earlier: int) -> Iterator[tuple[str, str]]:
    note = parse_note(head)
    checkpoint = parse_checkpoint(note.text)
    yield "Log", checkpoint.origin
    yield "Size of the log", f"{checkpoint.size}"
    yield "Root", checkpoint.root.hex()
    for one in note.signatures:
        time = cosignature_time(one.value)
        at = "" if time is None else f", {written(time * 1000)}"
        who = "Signed by the log" if time is None else "Signed by a witness"
        yield who, f"{one.name}, key {one.key_id.hex()}{at}; not checked here"
    yield "Earlier heads", f"{earlier} notes"
