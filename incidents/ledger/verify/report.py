"""Says in plain words what a verification came to, and then in a table."""

from collections.abc import Iterator
from typing import Final

from incidents.ledger.policy import NO_QUORUM, Policy
from incidents.ledger.verify.check import Outcome
from incidents.ledger.verify.instants import written
from incidents.ledger.verify.verdict import Code, Rejected

_SHOWN: Final = 20  # of each list; --json gives all
_MINUTE: Final = 60
_UNALTERED: Final = frozenset({Code.CLOCK_FALSE, Code.CLOCK_MISSING})


def plain(text: str) -> str:
    """Return a text of the bundle so that it cannot steer a terminal."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def rejection(rejected: Rejected) -> str:
    """Return the report on a bundle that must not be believed."""
    lines = [
        f"NOT VERIFIED: {rejected.code.name}",
        "",
        f"{rejected.code.value.capitalize()}.",
        plain(rejected.detail),
        "",
    ]
    if rejected.code in _UNALTERED:
        lines += [
            "The entries are those that were recorded. But what they say of a deadline",
            "contradicts them: do not rely on it before the operator has explained it.",
        ]
    else:
        lines += [
            "Do not rely on anything in this bundle. Keep it, and the policy that you",
            "verified it by: if it was signed, it is evidence against who signed it.",
        ]
    return "\n".join([*lines, ""])


def acceptance(outcome: Outcome, policy: Policy, *, now: int) -> str:
    """Return the report on a verified bundle. `now` is in seconds since 1970."""
    lines = [*_verdict(outcome, policy), "", *_words(outcome, policy, now), ""]
    lines += [*_table(outcome, policy), *_lists(outcome), ""]
    return "\n".join(lines)


def _verdict(outcome: Outcome, policy: Policy) -> Iterator[str]:
    with_doubts = " WITH FINDINGS" if outcome.counts else ""
    yield f"VERIFIED{with_doubts}"
    if policy.quorum == NO_QUORUM:
        yield (
            "WITHOUT WITNESSES: your policy asks for none. Nothing here rests on"
            " anybody but the operator."
        )
        if any(one.stamp for one in outcome.stamps):
            yield "Only the times below rest on the time-stamping authority too."


def _words(outcome: Outcome, policy: Policy, now: int) -> Iterator[str]:
    count = outcome.to_seq - outcome.from_seq + 1
    yield (
        f"The {count} entries from number {outcome.from_seq} to {outcome.to_seq} are in"
        " the signed log, unaltered and in their order."
    )
    yield (
        f"None is missing up to number {outcome.complete_to}, as counted"
        f" {written(outcome.complete_at_ms)}."
    )
    if outcome.to_seq > outcome.complete_to:
        yield "Entries behind that one are genuine; there may be more of them."
    if outcome.from_seq > 1:
        yield f"Entries before number {outcome.from_seq} are not in this bundle."
    if outcome.quorum_at is not None:
        yield (
            f"Enough witnesses of your policy had seen the log by"
            f" {written(outcome.quorum_at * 1000)}."
        )
        age = now - max(outcome.seen.values())
        yield (
            f"The newest of them saw it {_age(age)} ago; what was recorded since cannot"
            " be in this bundle."
        )
    yield from _formers(outcome)
    if outcome.withheld:
        yield "Some contents are withheld, see below; that they exist is proved."
    yield (
        "This proves what was recorded, when and in which order. It does not prove that"
        " what was recorded is true."
    )


def _formers(outcome: Outcome) -> Iterator[str]:
    """Say under which names the log was signed before, and who saw where each ended."""
    for name, former in outcome.formers.items():
        seen = "enough" if name in outcome.seen_formers else "TOO FEW"
        yield (
            f"Up to {former.head.size} entries the log was signed as {name}, which was given"
            f" up {written(former.at_ms)} ({former.reason or 'no reason is given'}). This"
            f" log begins with all of that one; {seen} witnesses of your policy had seen"
            " where it ended."
        )


def _age(seconds: int) -> str:
    if seconds < 2 * _MINUTE:
        return f"{max(0, seconds)} seconds"
    minutes = seconds // _MINUTE
    hours, days = minutes // 60, minutes // (60 * 24)
    if days > 1:
        return f"{days} days"
    return f"{hours} hours" if hours > 1 else f"{minutes} minutes"


def _table(outcome: Outcome, policy: Policy) -> Iterator[str]:
    rows = [
        ("Log", outcome.checkpoint.origin),
        ("Size of the log", f"{outcome.checkpoint.size}"),
        ("Root", outcome.checkpoint.root.hex()),
        ("Witnesses", _witnesses(outcome)),
        ("Earlier heads", f"{outcome.earlier_heads}, continued by this one"),
        ("Record", f"{outcome.stream}"),
        ("Entries", f"{outcome.from_seq} to {outcome.to_seq}"),
        ("Complete to", f"{outcome.complete_to}"),
        ("Claimed times", _span(outcome)),
        ("Attachments", f"{outcome.attachments} checked"),
        ("Left out", f"{len(outcome.left_out)} attachments"),
        ("Time stamps", _stamps(outcome)),
        ("Not evidence", ", ".join(sorted(outcome.documents)) or "nothing"),
        ("Manifest SHA-256", outcome.manifest_sha256),
        ("Policy", policy.fingerprint()),
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        yield f"{name:<{width}}  {plain(value)}"


def _witnesses(outcome: Outcome) -> str:
    seen = sorted(outcome.seen.items())
    return ", ".join(f"{name} ({written(at * 1000)})" for name, at in seen) or "none"


def _stamps(outcome: Outcome) -> str:
    verified = sum(1 for one in outcome.stamps if one.stamp)
    others = len(outcome.stamps) - verified
    unchecked = f", {others} not checked here, see below" if others else ""
    return f"{verified} verified{unchecked}" if outcome.stamps else "none"


def _span(outcome: Outcome) -> str:
    if outcome.first_at_ms is None or outcome.last_at_ms is None:
        return "none"
    return f"{written(outcome.first_at_ms)} to {written(outcome.last_at_ms)}"


def _lists(outcome: Outcome) -> Iterator[str]:
    findings = [
        f"{one.doubt.name}: {f'entry {one.seq}: ' if one.seq else ''}{one.detail}"
        for one in outcome.findings
    ]
    yield from _listed("Findings", findings, sum(outcome.counts.values()))
    withheld = [f"{what}: {count}" for what, count in outcome.withheld.items()]
    yield from _listed("Withheld", withheld, len(withheld))
    given = [
        f"entry {one.seq}, {written(one.at_ms)}, {one.by or 'withheld'}: {one.words()}"
        for one in outcome.acknowledgements
    ]
    yield from _listed("Acknowledgements", given, len(given))
    clocks = [
        f"{one.name}: {one.outcome}, due "
        f"{written(one.due) if one.due is not None else 'without a date'}"
        for one in outcome.clocks
    ]
    yield from _listed("Deadlines", clocks, len(clocks))
    stamps = [one.said for one in outcome.stamps]
    yield from _listed("Time stamps", stamps, len(stamps))
    yield from _listed("Files left out", outcome.left_out, len(outcome.left_out))
    if outcome.unread:
        yield ""
        yield (
            f"{outcome.unread} entries are withheld that may be of deadlines; what they"
            " say was not compared."
        )


def _listed(title: str, lines: list[str], count: int) -> Iterator[str]:
    if not lines:
        return
    yield ""
    yield f"{title} ({count})"
    for line in lines[:_SHOWN]:
        yield f"  {plain(line)}"
    if count > _SHOWN:
        yield f"  … and {count - _SHOWN} more"
