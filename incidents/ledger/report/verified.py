"""Says what a page or a certificate tells of a bundle that was verified."""

from collections.abc import Iterator

from incidents.ledger.policy import NO_QUORUM, Policy
from incidents.ledger.report.page import Frame
from incidents.ledger.verify.check import Outcome
from incidents.ledger.verify.instants import written
from incidents.ledger.version import VERSION


def frame_of(outcome: Outcome, policy: Policy) -> Frame:
    """Return the frame of the page that a verifier writes."""
    return Frame(
        verdict=verdict_of(outcome, policy),
        copy=(
            ("Record", f"{outcome.stream}"),
            ("Entries", f"{outcome.from_seq} to {outcome.to_seq}"),
            ("Complete to", completeness_of(outcome)),
            ("For whom", "recorded only when it was handed out, behind its last entry"),
        ),
        proof=tuple(_proof(outcome, policy)),
        findings=tuple(findings_of(outcome)),
        clocks=outcome.clocks,
        unread=outcome.unread,
        files=outcome.files,
        signed={one.seq: one.words() for one in outcome.acknowledgements},
    )


def verdict_of(outcome: Outcome, policy: Policy) -> str:
    """Return the verdict in the words of the verifier's report."""
    words = "VERIFIED WITH FINDINGS" if outcome.counts else "VERIFIED"
    return f"{words}, WITHOUT WITNESSES" if policy.quorum == NO_QUORUM else words


def findings_of(outcome: Outcome) -> Iterator[str]:
    """Yield each finding, and of very many how many more there are."""
    for one in outcome.findings:
        place = f"entry {one.seq}: " if one.seq else ""
        yield f"{one.doubt.name}: {place}{one.doubt.value}: {one.detail}"
    more = sum(outcome.counts.values()) - len(outcome.findings)
    if more:
        yield f"and {more} more"


def completeness_of(outcome: Outcome) -> str:
    """Return how far nothing is missing."""
    return f"entry {outcome.complete_to}, as counted {written(outcome.complete_at_ms)}"


def witnesses_of(outcome: Outcome) -> str:
    """Return the witnesses that saw the head, and when."""
    seen = sorted(outcome.seen.items())
    return ", ".join(f"{name} ({written(at * 1000)})" for name, at in seen) or "none"


def _proof(outcome: Outcome, policy: Policy) -> Iterator[tuple[str, str]]:
    head = outcome.checkpoint
    yield "Log", head.origin
    yield "Size of the log", f"{head.size}"
    yield "Root", head.root.hex()
    for key in policy.keys_of(head.origin):
        yield "Key of the log", key.vkey()
    yield "Witnesses", witnesses_of(outcome)
    for witness in policy.witnesses:
        has_seen = "" if witness.key.name in outcome.seen else " (has not signed this)"
        yield "Key of a witness", f"{witness.name}: {witness.key.vkey()}{has_seen}"
    yield "Enough of them by", _quorum(outcome)
    yield "Earlier heads", f"{outcome.earlier_heads}, continued by this one"
    for one in outcome.stamps:
        unchecked = f"of the head of size {one.size}, not checked here"
        yield "Time stamp", one.said if one.stamp else unchecked
    yield "Policy", policy.fingerprint()
    yield "SHA-256 of the manifest", outcome.manifest_sha256
    yield "Verifier", f"tocsin-verify {VERSION}"


def _quorum(outcome: Outcome) -> str:
    if outcome.quorum_at is None:
        return "no witness is asked for by this policy"
    return written(outcome.quorum_at * 1000)
