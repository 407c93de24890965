"""Verifies a bundle from its bytes and a policy alone, and says what it found."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final
from uuid import UUID

from incidents.ledger.checkpoint import Checkpoint
from incidents.ledger.policy import NO_QUORUM, Policy
from incidents.ledger.verify.acknowledgements import Acknowledgements, Given, Pins
from incidents.ledger.verify.attachments import FOLDER, Attachments
from incidents.ledger.verify.completeness import Counted, check_completeness
from incidents.ledger.verify.continued import (
    Former,
    Pinned,
    read_formers,
    related_pins,
)
from incidents.ledger.verify.deadlines import Clock, Deadlines
from incidents.ledger.verify.entries import Erasures, Hidden, Seen, Walk
from incidents.ledger.verify.heads import (
    Bounds,
    Earlier,
    Head,
    check_earlier,
    check_pinned,
    open_newest,
)
from incidents.ledger.verify.instants import written
from incidents.ledger.verify.parts import MAX_TOTAL_BYTES, Parts
from incidents.ledger.verify.receipts import Receipt, Receipts
from incidents.ledger.verify.stamps import Checked, Held, check_stamps, doubts_about
from incidents.ledger.verify.verdict import Code, Doubt, ExitCode, Finding, Rejected

MAX_LISTED: Final = 1000


@dataclass(frozen=True, slots=True)
class Terms:
    """How strictly times are taken, in seconds, and how much may be unpacked.

    `mmd` is how long an entry may take to get into a signed head, `skew` by how much the
    operator's clock may run ahead, `gap` how far apart two bounds may be, `heads` how old
    the list that counts the entries may be. `held` is what time stamps are checked by.
    """

    mmd: int = 60
    skew: int = 30
    gap: int = 600
    heads: int = 900
    max_bytes: int = MAX_TOTAL_BYTES
    held: Held = field(default_factory=Held)


@dataclass(slots=True)
class Outcome:
    """What was verified, and what it leaves open."""

    checkpoint: Checkpoint
    seen: dict[str, int]
    quorum_at: int | None
    manifest_sha256: str
    stream: UUID
    from_seq: int
    to_seq: int
    complete_to: int
    complete_at_ms: int
    earlier_heads: int
    formers: dict[str, Former] = field(default_factory=dict)
    seen_formers: frozenset[str] = frozenset()
    kinds: Counter[str] = field(default_factory=Counter)
    withheld: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[Doubt] = field(default_factory=Counter)
    acknowledgements: list[Given] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    files: frozenset[str] = frozenset()
    stamps: list[Checked] = field(default_factory=list)
    attachments: int = 0
    unread: int = 0
    first_at_ms: int | None = None
    last_at_ms: int | None = None

    @property
    def exit_code(self) -> ExitCode:
        """Return what the program says to its caller."""
        return ExitCode.VERIFIED_WITH_FINDINGS if self.counts else ExitCode.VERIFIED

    def take(self, entry: Seen | Hidden) -> None:
        """Count an entry, and what is withheld of it."""
        self.to_seq = entry.seq
        if isinstance(entry, Hidden):
            self._withhold(f"whole entry, {entry.authority}")
            return
        self.kinds[entry.kind] += 1
        for name, reason in entry.withheld.items():
            self._withhold(f"{name}, {reason}")
        if self.first_at_ms is None:
            self.first_at_ms = entry.at_ms
        self.last_at_ms = entry.at_ms

    def _withhold(self, what: str) -> None:
        """Count what is withheld, and after very many different reasons only that."""
        if what not in self.withheld and len(self.withheld) >= MAX_LISTED:
            what = "something else"
        self.withheld[what] = self.withheld.get(what, 0) + 1

    def add(self, finding: Finding) -> None:
        """Note a doubt; of very many only the number is kept."""
        self.counts[finding.doubt] += 1
        if self.counts[finding.doubt] <= MAX_LISTED:
            self.findings.append(finding)


Listener = Callable[[Seen | Hidden, tuple[int | None, int | None]], None]


def verify_bundle(  # noqa: PLR0913  (what a verifier may hold)
    file: BinaryIO,
    policy: Policy,
    *,
    terms: Terms = Terms(),
    pinned: Sequence[Pinned] = (),
    receipts: Sequence[Receipt] = (),
    party_keys: Pins | None = None,
    listen: Listener | None = None,
) -> Outcome:
    """Verify a bundle as a whole. Raises Rejected.

    `listen` gets each entry with the bounds of its time while nothing is verified yet as
    a whole: what it makes of them counts only if nothing is raised. Where all that is
    `pinned` is of other logs than the bundle's, CP_ORIGIN is raised.
    """
    parts = Parts(file, max_bytes=terms.max_bytes)
    newest, note = open_newest(parts, policy)
    formers = read_formers(parts, newest.checkpoint)
    earlier = check_earlier(parts, policy, newest, formers)
    for one in related_pins(pinned, newest.checkpoint, formers):
        proof = earlier.proofs.get(one.checkpoint.size, one.proof)
        check_pinned(one.checkpoint, newest.checkpoint, proof)
    counted = check_completeness(parts, newest.checkpoint)
    outcome = _begin(parts, policy, newest, counted, earlier)
    outcome.formers = formers
    bounds = _narrow(parts, earlier, terms.held, outcome)
    for finding in _check_counted_lately(newest, counted, bounds, terms):
        outcome.add(finding)
    walk = Walk(parts, newest.checkpoint, note)
    times = Times(bounds, terms, has_witnesses=policy.quorum != NO_QUORUM)
    checks = _Checks(
        times,
        Attachments(parts),
        Receipts(receipts, policy, newest.checkpoint, formers),
        Acknowledgements(party_keys, parts.manifest.from_seq),
    )
    _check_entries(walk, counted, outcome, checks, listen)
    parts.read_rest()
    return outcome


def _begin(
    parts: Parts, policy: Policy, newest: Head, counted: Counted, earlier: Earlier
) -> Outcome:
    return Outcome(
        checkpoint=newest.checkpoint,
        seen={key.name: time for key, time in newest.seen.items()},
        quorum_at=policy.met_at(newest.seen),
        manifest_sha256=parts.manifest_sha256,
        stream=parts.manifest.stream,
        from_seq=parts.manifest.from_seq,
        to_seq=parts.manifest.from_seq - 1,
        complete_to=counted.seq,
        complete_at_ms=counted.at_ms,
        earlier_heads=earlier.count,
        seen_formers=earlier.seen_formers,
        documents=parts.documents(),
        files=frozenset(one.sha256 for one in parts.in_folder(FOLDER)),
    )


def _narrow(parts: Parts, earlier: Earlier, held: Held, outcome: Outcome) -> Bounds:
    """Return the bounds that witnesses and verified time stamps give together."""
    outcome.stamps = check_stamps(parts, earlier.heads, held)
    for finding in doubts_about(outcome.stamps, earlier.clocks):
        outcome.add(finding)
    return earlier.bounds.narrowed(
        reading for one in outcome.stamps for reading in one.reading()
    )


def _check_counted_lately(
    newest: Head, counted: Counted, bounds: Bounds, terms: Terms
) -> Iterator[Finding]:
    """Require that the list of heads is not much older than the head that proves it.

    An old list would hide what was recorded since; one that claims to be younger than it
    is, too, so what only the operator says of its time is a finding. Where nothing at
    all was recorded since, it is not old.
    """
    if counted.index + 1 == newest.checkpoint.size or not newest.seen:
        return
    seen_at = min(newest.seen.values())
    lower, upper = bounds.of(counted.index)
    if upper is not None and counted.at_ms > (upper + terms.skew) * 1000:
        raise Rejected(
            Code.INCOMPLETE,
            f"the entries were counted before {written(upper * 1000)}, said to be later",
        )
    seconds = seen_at - counted.at_ms // 1000
    if seconds > terms.heads:
        raise Rejected(
            Code.INCOMPLETE,
            f"the entries were counted {seconds // 60} minutes before the head was seen",
        )
    if lower is None or seen_at - lower > terms.heads:
        detail = (
            f"no head before the counting was seen within {terms.heads // 60} minutes"
        )
        yield Finding(Doubt.COUNT_WIDE, 0, detail)


@dataclass(frozen=True, slots=True)
class _Checks:
    """What each entry is compared with."""

    times: "Times"
    attachments: Attachments
    receipts: Receipts
    acknowledgements: Acknowledgements


def _check_entries(
    walk: Walk,
    counted: Counted,
    outcome: Outcome,
    checks: _Checks,
    listen: Listener | None,
) -> None:
    times = checks.times
    deadlines = Deadlines(times.bounds, has_witnesses=times.has_witnesses)
    erasures = Erasures()
    for entry in walk.entries(counted):
        bounds = times.bounds.of(entry.index)
        if isinstance(entry, Seen):
            erasures.see(entry)
            checks.attachments.see(entry)
            times.check(entry, bounds, outcome)
        checks.receipts.see(entry)
        checks.acknowledgements.see(entry)
        outcome.take(entry)
        deadlines.see(entry)
        if listen is not None:
            listen(entry, bounds)
    for entry in walk.erasures():
        erasures.see(entry)
    walk.finish()
    erasures.check()
    checks.receipts.check()
    times.finish(outcome)
    deadlines.finish(times.known_whole_at_ms(counted))
    for finding in (*deadlines.findings, *checks.acknowledgements.findings()):
        outcome.add(finding)
    outcome.clocks, outcome.unread = deadlines.clocks, deadlines.unread
    outcome.acknowledgements = checks.acknowledgements.given()
    outcome.left_out = checks.attachments.check()
    outcome.attachments = checks.attachments.count


class Times:
    """Compares what entries claim of their time with what witnesses saw."""

    def __init__(self, bounds: Bounds, terms: Terms, *, has_witnesses: bool) -> None:
        self.bounds = bounds
        self.has_witnesses = has_witnesses
        self._terms = terms
        self._wide = 0

    def check(
        self, entry: Seen, bounds: tuple[int | None, int | None], outcome: Outcome
    ) -> None:
        """Note a claim outside the bounds. Without witnesses only time stamps give any."""
        lower, upper = bounds
        if lower is not None and entry.at_ms < (lower - self._terms.mmd) * 1000:
            detail = f"says {written(entry.at_ms)}, not there {written(lower * 1000)}"
            outcome.add(Finding(Doubt.BACKDATED, entry.seq, detail))
        if upper is not None and entry.at_ms > (upper + self._terms.skew) * 1000:
            detail = f"says {written(entry.at_ms)}, seen {written(upper * 1000)}"
            outcome.add(Finding(Doubt.POSTDATED, entry.seq, detail))
        is_close = None not in bounds and (upper or 0) - (lower or 0) <= self._terms.gap
        if self.has_witnesses and not is_close:
            self._wide += 1

    def finish(self, outcome: Outcome) -> None:
        """Say how many entries no two heads bound closely."""
        if self._wide:
            detail = (
                f"of {self._wide} entries the time is not bounded to"
                f" {self._terms.gap // 60} minutes"
            )
            outcome.add(Finding(Doubt.TIME_WIDE, 0, detail))

    def known_whole_at_ms(self, counted: Counted) -> int:
        """Return the latest instant at which the stream is known to be counted."""
        lower, _ = self.bounds.of(counted.index)
        return max(counted.at_ms, (lower or 0) * 1000)
