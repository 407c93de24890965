"""Says of one witness, and of one watched log, how it stands and whose move it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from incidents.ledger.policy import Policy
from incidents.ledger.quorum import needed_ones, uncounted
from incidents.witnessing.models import WatchedLog, Witness
from incidents.witnessing.standing import FRESH


@dataclass(frozen=True, slots=True)
class WitnessState:
    """A witness with its state: `status` is a code of the component, `label` says it."""

    witness: Witness
    status: str
    label: str


def state_of(witness: Witness, now: datetime) -> WitnessState:
    """Return how a witness stands."""
    heard = witness.cosigned_at
    if not witness.is_active:
        return WitnessState(witness, "ended", "Ended")
    if witness.failed_why:
        return WitnessState(witness, "failed", "Does not cosign")
    if heard is None:
        return WitnessState(witness, "waiting", "Not heard of yet")
    if now - heard > FRESH:
        return WitnessState(witness, "waiting", f"Silent for {spoken(now - heard)}")
    return WitnessState(witness, "verified", "Cosigns")


def witness_facts(state: WitnessState, policy: Policy) -> list[dict[str, Any]]:
    """Return what its own page, which only the platform sees, says of a witness."""
    witness = state.witness
    side = witness.organisation
    whose = f"{side.get_kind_display()}: {side.name}" if side else "No party"
    rows: list[dict[str, Any]] = [
        {"label": "State", "value": state.label},
        {"label": "Whose move", "value": _move(state)},
        {"label": "Whose it is", "value": whose},
        {"label": "In the quorum", "value": _part(witness.slug, policy)},
        {"label": "Cosigned up to", "value": f"{witness.size} entries"},
        {"label": "Last heard", "at": witness.cosigned_at, "value": "never"},
    ]
    if witness.failed_why:
        times = "once" if witness.failures == 1 else f"{witness.failures} times"
        said = f"{witness.failed_why} ({times} in a row)"
        rows.append({"label": "What it answers", "value": said})
    return rows


def _move(state: WitnessState) -> str:
    if state.status == "ended":
        return "Nobody's: it is asked no more."
    if state.status == "verified":
        return "Nobody's."
    if state.witness.address:
        return "Whoever runs it, or the way there: it is asked again within a minute."
    return "Whoever runs it: it is to fetch the newest head each minute."


def _part(slug: str, policy: Policy) -> str:
    if slug in needed_ones(policy):
        return "Without it no head is complete."
    names = {one.name for one in policy.witnesses} - set(uncounted(policy))
    return "It counts; others can stand in." if slug in names else "It does not count."


def log_facts(watched: WatchedLog) -> list[dict[str, Any]]:
    """Return what its own page says of a log that is watched."""
    if watched.refused_note:
        state, move = "It contradicts itself", "Yours: tell whoever relies on it."
    elif not watched.is_active:
        state, move = "Ended", "Nobody's."
    elif watched.cosigned_at is None:
        state, move = "Nothing came yet", "Its operator's: it is to ask here."
    else:
        state, move = "Cosigned as it comes", "Nobody's."
    return [
        {"label": "State", "value": state},
        {"label": "Whose move", "value": move},
        {"label": "Cosigned up to", "value": f"{watched.size} entries"},
        {"label": "Last cosigned", "at": watched.cosigned_at, "value": "never"},
    ]


def spoken(span: timedelta) -> str:
    """Return a time as people say it.

    >>> spoken(timedelta(seconds=7)), spoken(timedelta(minutes=6, seconds=40))
    ('7 s', '6 min')
    >>> spoken(timedelta(minutes=150)), spoken(timedelta(days=3, hours=1))
    ('2 h 30 min', '3 days')
    """
    minutes = int(span.total_seconds() // 60)
    if minutes < 2:  # noqa: PLR2004  (below it seconds are told)
        return f"{max(int(span.total_seconds()), 0)} s"
    hours, rest = divmod(minutes, 60)
    if span >= timedelta(days=2):
        return f"{span.days} days"
    return f"{hours} h {rest} min" if hours else f"{minutes} min"
