"""Says what a verification came to in JSON, for programs: one object in one line."""

import json
from typing import Any

from incidents.ledger.policy import Policy
from incidents.ledger.verify.acknowledgements import Given
from incidents.ledger.verify.check import Outcome
from incidents.ledger.verify.deadlines import Clock
from incidents.ledger.verify.verdict import Rejected


def rejected(refusal: Rejected) -> str:
    """Return the report on a bundle that must not be believed."""
    return _line(
        {
            "verdict": "rejected",
            "code": refusal.code.name,
            "why": refusal.code.value,
            "detail": refusal.detail,
        }
    )


def accepted(outcome: Outcome, policy: Policy, *, now: int) -> str:
    """Return the report on a verified bundle. Instants are seconds since 1970."""
    checkpoint = outcome.checkpoint
    newest = max(outcome.seen.values(), default=None)
    return _line(
        {
            "verdict": outcome.exit_code.name.lower(),
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
            "seen": outcome.seen,
            "quorum_at": outcome.quorum_at,
            "newest_cosignature_age_seconds": None if newest is None else now - newest,
            "policy_fingerprint": policy.fingerprint(),
            "manifest_sha256": outcome.manifest_sha256,
            "stream": str(outcome.stream),
            "from_seq": outcome.from_seq,
            "to_seq": outcome.to_seq,
            "complete_to": outcome.complete_to,
            "kinds": dict(outcome.kinds),
            "continues": _formers(outcome),
            "withheld": outcome.withheld,
            "attachments": outcome.attachments,
            "attachments_left_out": outcome.left_out,
            "acknowledgements": [_given(one) for one in outcome.acknowledgements],
            "deadlines": [_clock(one) for one in outcome.clocks],
            "time_stamps": [
                {"size": one.size, "at_ms": one.stamp.at_ms if one.stamp else None}
                for one in outcome.stamps
            ],
            "findings": [
                {"code": one.doubt.name, "seq": one.seq, "detail": one.detail}
                for one in outcome.findings
            ],
            "finding_counts": {one.name: n for one, n in outcome.counts.items()},
        }
    )


def _given(one: Given) -> dict[str, Any]:
    return {
        "seq": one.seq,
        "at_ms": one.at_ms,
        "by": one.by,
        "key": one.key,
        "pinned_as": one.pinned_as,
    }


def _clock(clock: Clock) -> dict[str, Any]:
    return {"name": clock.name, "due_ms": clock.due, "outcome": clock.outcome}


def _line(members: dict[str, Any]) -> str:
    return f"{json.dumps(members)}\n"


def _formers(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the names that the log had before, and whether enough saw where each ended."""
    return [
        {
            "origin": name,
            "size": one.head.size,
            "root": one.head.root.hex(),
            "reason": one.reason,
            "seen": name in outcome.seen_formers,
        }
        for name, one in outcome.formers.items()
    ]
