"""Keep the time record: note instants, say which of them counts, withdraw the wrong.

Nothing is overwritten. A candidate that was wrong is withdrawn with a reason, and which
one counts under a regime is chosen with a reason; both stay in the record.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from escalation.duties.anchor_words import NAMES, OCCURRED, is_repeated, words_of
from escalation.duties.looking import ask_to_look
from escalation.duties.models import (
    AnchorChoice,
    AnchorValue,
    Precision,
    StatutoryClock,
)
from escalation.duties.requests import REQUEST
from escalation.duties.time_record import anchors_for, anchors_of_many
from escalation.lawbook.registry import regimes_of
from escalation.regimes.regime import SUBMITTED
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.access import actor_for
from incidents.incident.instants import out_of_range
from incidents.incident.lifecycle import lock_incidents
from incidents.ledger.canonical import format_at
from incidents.models import Incident, Organisation, User

__all__ = [
    "anchors_for",
    "anchors_of_many",
    "choose_anchor",
    "note_anchor",
    "record_noted",
    "withdraw_anchor",
    "withdraw_noted",
]

MAX_REASON: Final = 500
MAX_SOURCE: Final = 300
_DAY: Final = timedelta(days=1)


def note_anchor(  # noqa: PLR0913  (an instant, who says so, for whom, and when)
    incident: Incident,
    *,
    organisation: Organisation,
    name: str,
    written: str,
    at: datetime,
    precision: str,
    source: str,
    author: User | None,
    now: datetime,
    regime_id: str = "",
    reason: str = "",
    confirm: bool = False,
) -> AnchorValue:
    """Add a candidate to an organisation's time record. Locks the incident.

    Without an author the product notes it: what it noted before is returned. Raises
    BadInput, also for an instant that cannot be right unless `confirm` says it is.
    """
    value = AnchorValue(
        incident=incident,
        organisation=organisation,
        name=_name(name, regime_id),
        regime_id=regime_id,
        at=at,
        written=written,
        precision=precision,
        source=_text("source", source, MAX_SOURCE),
        reason=reason.strip()[:MAX_REASON],
        author=author,
        created_at=now,
    )
    if author is not None:
        _check_range(value, now)
    if author is not None and not confirm:
        _check_instant(value, now)
    with recording(now):
        lock_incidents([incident.pk])
        if same := _same(value):
            return same
        value.save(force_insert=True)
        record_noted(value, actor=_actor(value.organisation, author))
        ask_to_look(incident.pk, organisation.pk, now)
    return value


def choose_anchor(
    value: AnchorValue, *, regime_id: str, reason: str, author: User, now: datetime
) -> AnchorChoice:
    """Have a candidate count under a regime. Locks the incident.

    Raises BadInput, NotPossible for one that is withdrawn, or where all count.
    """
    reason = _text("reason", reason, MAX_REASON)
    _check_regime(value.organisation_id, regime_id)
    with recording(now):
        value = _locked(value)
        if is_repeated(value.name):
            message = f"Each “{words_of(value.name)}” counts. Withdraw what is wrong."
            raise NotPossible(message, state=state_of(value))
        former = _current(value, regime_id=regime_id)
        former.update(is_current=False)
        choice = AnchorChoice.objects.create(
            incident_id=value.incident_id,
            organisation_id=value.organisation_id,
            regime_id=regime_id,
            name=value.name,
            value=value,
            reason=reason,
            author=author,
            chosen_at=now,
        )
        body = {"regime": regime_id, "reason": reason}
        _record("anchor.chosen", value, body, _actor(value.organisation, author))
        ask_to_look(value.incident_id, value.organisation_id, now)
    return choice


def withdraw_anchor(
    value: AnchorValue, *, reason: str, author: User, now: datetime
) -> AnchorValue:
    """Take back a candidate; it stays in the record. Locks the incident.

    Raises BadInput without a reason, NotPossible for one that was chosen, that says
    when something was submitted, or without which an open clock had no start.
    """
    reason = _text("reason", reason, MAX_REASON)
    with recording(now):
        value = _locked(value)
        _check_withdrawable(value)
        value.withdrawn_at, value.withdrawn_reason = now, reason
        value.save(update_fields=["withdrawn_at", "withdrawn_reason"])
        body = {"reason": reason}
        _record("anchor.withdrawn", value, body, _actor(value.organisation, author))
        ask_to_look(value.incident_id, value.organisation_id, now)
    return value


def withdraw_noted(  # noqa: PLR0913  (one row of a time record, and why it goes)
    incident: Incident,
    organisation: Organisation,
    name: str,
    *,
    regime_id: str,
    at: datetime,
    source: str,
    reason: str,
    now: datetime,
) -> None:
    """Take back what the product noted itself, if it stands; it stays in the record.

    Requires an open `recording` and the incident locked.
    """
    rows = AnchorValue.objects.filter(
        incident=incident,
        organisation=organisation,
        name=name,
        regime_id=regime_id,
        at=at,
        source=source,
        author=None,
        withdrawn_at=None,
    )
    for value in rows.select_related("incident", "organisation"):
        value.withdrawn_at, value.withdrawn_reason = now, reason[:MAX_REASON]
        value.save(update_fields=["withdrawn_at", "withdrawn_reason"])
        body = {"reason": value.withdrawn_reason}
        _record("anchor.withdrawn", value, body, Actor.system(organisation))


def record_noted(value: AnchorValue, *, actor: Actor) -> None:
    """Record a new candidate. Requires an open `recording`."""
    body: dict[str, Any] = {"written": value.written, "precision": value.precision}
    if value.regime_id:
        body["regime"] = value.regime_id
    if value.reason:
        body["reason"] = value.reason
    _record("anchor.noted", value, body, actor)


def state_of(value: AnchorValue) -> dict[str, Any]:
    """Return what an error that says "not possible" carries."""
    chosen = _current(value).filter(value=value).order_by("regime_id")
    return {
        "name": value.name,
        "at": format_at(value.at),
        "is_withdrawn": value.withdrawn_at is not None,
        "chosen_under": list(chosen.values_list("regime_id", flat=True)),
    }


def _name(name: str, regime_id: str) -> str:
    stage = name.removeprefix(SUBMITTED)
    if name in NAMES:
        # A request is made under a law: elsewhere it says nothing.
        if regime_id and name != REQUEST:
            remedy = "Leave it out: note the instant once, then choose where it counts."
            raise BadInput("regime", regime_id, remedy)
        return name
    if stage in ("", name):
        raise BadInput("name", name, f"Use one of {', '.join(sorted(NAMES))}.")
    if not regime_id:
        raise BadInput("regime", "", "Say under which regime it was submitted.")
    return name


def _check_range(value: AnchorValue, now: datetime) -> None:
    """Refuse what no clock can count from, be it confirmed or not."""
    if remedy := out_of_range(value.at, now):
        raise BadInput("at", value.written, remedy)


def _check_instant(value: AnchorValue, now: datetime) -> None:
    """Refuse what cannot be right. A day may have begun before what happened on it."""
    if value.at > now:
        remedy = f"This is in the future: it is {now:%Y-%m-%d %H:%M} UTC now."
        raise BadInput("at", value.written, f"{remedy} Confirm it if it is right.")
    known_until = value.at + _DAY if value.precision == Precision.DAY else value.at
    happened_at = _happened_at(value)
    if happened_at is not None and known_until < happened_at:
        remedy = f"This is before it happened, {happened_at:%Y-%m-%d %H:%M} UTC."
        raise BadInput("at", value.written, f"{remedy} Confirm it if it is right.")


def _happened_at(value: AnchorValue) -> datetime | None:
    """Return when it happened at the earliest, None where this says so itself."""
    if value.name == OCCURRED:
        return None
    standing = AnchorValue.objects.filter(
        incident=value.incident,
        organisation=value.organisation,
        name=OCCURRED,
        withdrawn_at=None,
    )
    noted = standing.order_by("at").values_list("at", flat=True).first()
    return noted or value.incident.occurred_at


def _same(value: AnchorValue) -> AnchorValue | None:
    """Return the candidate that says the same already, if the product says it again."""
    same = AnchorValue.objects.filter(
        incident=value.incident,
        organisation=value.organisation,
        name=value.name,
        regime_id=value.regime_id,
        at=value.at,
        source=value.source,
        withdrawn_at=None,
    ).first()
    if same is not None and value.author is not None:
        remedy = "This instant stands there already, from the same source."
        raise BadInput("at", value.written, remedy)
    return same


def _check_withdrawable(value: AnchorValue) -> None:
    if value.name.startswith(SUBMITTED):
        message = "What was submitted stays so. Amend the filing instead."
        raise NotPossible(message, state=state_of(value))
    chosen = _current(value).filter(value=value).order_by("regime_id").first()
    if chosen is not None:
        message = f"It counts under {chosen.regime_id}. Choose another there first."
        raise NotPossible(message, state=state_of(value))
    if counting := _counting_alone(value):
        message = f"A clock of {counting} counts from it. Note the right instant first."
        raise NotPossible(message, state=state_of(value))


def _counting_alone(value: AnchorValue) -> str:
    """Return the law of an open clock that would have nothing to count from, or nothing.

    What comes about more than once may never have come about: that is withdrawn freely.
    """
    here = {"incident": value.incident_id, "organisation": value.organisation_id}
    others = AnchorValue.objects.filter(**here, name=value.name, withdrawn_at=None)
    if is_repeated(value.name) or others.exclude(pk=value.pk).exists():
        return ""
    clocks = StatutoryClock.objects.filter(**here, anchor=value.name, ended_at=None)
    found = clocks.order_by("regime_id").values_list("regime_id", flat=True).first()
    return found or ""


def _check_regime(organisation_id: int, regime_id: str) -> None:
    known = regimes_of(organisation_id)
    if regime_id not in known:
        raise BadInput("regime", regime_id, f"Use one of {', '.join(known)}.")


def _locked(value: AnchorValue) -> AnchorValue:
    """Lock the incident and return the candidate as it now is, if it stands."""
    lock_incidents([value.incident_id])
    rows = AnchorValue.objects.select_related("organisation", "incident")
    fresh = rows.get(pk=value.pk)
    if fresh.withdrawn_at is not None:
        raise NotPossible("It was withdrawn already.", state=state_of(fresh))
    return fresh


def _current(value: AnchorValue, **more: Any) -> Any:
    return AnchorChoice.objects.filter(
        incident=value.incident_id,
        organisation=value.organisation_id,
        name=value.name,
        is_current=True,
        **more,
    )


def _text(field: str, text: str, limit: int) -> str:
    text = text.strip()
    if not 1 <= len(text) <= limit:
        raise BadInput(field, text, f"Write it in 1 to {limit} signs.")
    return text


def _actor(organisation: Organisation, author: User | None) -> Actor:
    return actor_for(author, organisation) if author else Actor.system(organisation)


def _record(kind: str, value: AnchorValue, body: dict[str, Any], actor: Actor) -> None:
    common = {
        "value": value.pk,
        "anchor": value.name,
        "what": words_of(value.name),
        "at": format_at(value.at),
        "source": value.source,
    }
    record(
        kind,
        incident=value.incident,
        organisation_id=value.organisation_id,
        actor=actor,
        body={**common, **body},
    )
