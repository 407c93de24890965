"""Decide by two people whether an incident is to be reported under a regime.

Until the second person has confirmed it clocks go by the last decision that was
confirmed, and without one as if nothing were decided. A later decision takes the place of
an earlier one, which stays in the history. Severity never decides: only these people do.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from escalation.duties.looking import Place, ask_to_look
from escalation.duties.models import AssessmentAnswer, Decision, Verdict
from escalation.duties.reviews import arm_review
from escalation.lawbook.registry import Registered, regimes_of
from incidents.errors import BadInput, NotPossible
from incidents.events.record import record, recording
from incidents.incident.access import actor_for
from incidents.incident.lifecycle import lock_incidents
from incidents.models import Incident, Organisation, User

MAX_REASON: Final = 4000


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person decides under one regime. `limbs` are the ids of those that are met."""

    regime_id: str
    verdict: str
    reason: str
    limbs: Sequence[str] = ()
    review_on: date | None = None


def decide(
    incident: Incident,
    judgement: Judgement,
    *,
    organisation: Organisation,
    author: User,
    now: datetime,
) -> Decision:
    """Write down a verdict, for another person to confirm. Locks the incident.

    Raises BadInput: a *yes* names the limbs that are met, a *no* a day to look again.
    """
    registered = _checked(judgement, organisation, now)
    with recording(now):
        lock_incidents([incident.pk])
        decision = Decision(
            incident=incident,
            organisation=organisation,
            regime_id=judgement.regime_id,
            regime_digest=registered.digest,
            verdict=judgement.verdict,
            limbs=list(judgement.limbs),
            reason=judgement.reason.strip(),
            facts=_answers(incident, organisation),
            decided_by=author,
            decided_at=now,
            review_on=judgement.review_on,
        )
        if same := _replace_former(decision):
            return same
        decision.save(force_insert=True)
        _record(f"decision.{decision.verdict}", decision, _body(decision), author)
        arm_review(decision, registered.regime.zone)
        ask_to_look(incident.pk, organisation.pk, now)
    return decision


def confirm(decision: Decision, *, by: User, now: datetime) -> Decision:
    """Confirm another person's verdict; clocks go by it from now on. Locks the incident.

    Raises NotPossible for one's own verdict, one that no longer stands, or an open one.
    """
    with recording(now):
        lock_incidents([decision.incident_id])
        rows = Decision.objects.select_related("incident", "organisation", "decided_by")
        decision = rows.get(pk=decision.pk)
        if why := why_not_to_confirm(decision, by):
            raise NotPossible(why, state=state_of(decision))
        decision.confirmed_by, decision.confirmed_at = by, now
        decision.save(update_fields=["confirmed_by", "confirmed_at"])
        _record("decision.confirmed", decision, {"verdict": decision.verdict}, by)
        ask_to_look(decision.incident_id, decision.organisation_id, now)
    return decision


def why_not_to_confirm(decision: Decision, person: User) -> str:
    """Return why a person cannot confirm a decision now, empty if they can."""
    if not decision.is_current:
        return "A later decision stands in its place. Confirm that one."
    if decision.confirmed_at is not None:
        return f"It was confirmed already, by {decision.confirmed_by}."
    if decision.verdict == Verdict.UNDECIDED and not _replaces_confirmed(decision):
        return "Nothing is decided yet, so there is nothing to confirm."
    if decision.decided_by_id == person.pk:
        return "You decided this yourself. Another person must confirm it."
    return ""


def _replaces_confirmed(decision: Decision) -> bool:
    """Return whether clocks go by an earlier decision until this one is confirmed."""
    former = Decision.objects.filter(
        incident=decision.incident_id,
        organisation=decision.organisation_id,
        regime_id=decision.regime_id,
        confirmed_at__isnull=False,
    )
    return former.filter(pk__lt=decision.pk).exists()


def standing_decisions(
    incident_id: int, organisation_id: int
) -> Mapping[str, Decision]:
    """Return {regime id: decision} of those that stand, confirmed or not yet."""
    found = standing_decisions_of_many([incident_id])
    return found.get((incident_id, organisation_id), {})


def standing_decisions_of_many(
    incident_ids: Collection[int],
) -> dict[Place, dict[str, Decision]]:
    """Return what `standing_decisions` does for many incidents, in one statement."""
    rows = Decision.objects.filter(incident__in=incident_ids, is_current=True)
    found: dict[Place, dict[str, Decision]] = {}
    for row in rows.select_related("decided_by", "confirmed_by"):
        place = row.incident_id, row.organisation_id
        found.setdefault(place, {})[row.regime_id] = row
    return found


def state_of(decision: Decision) -> dict[str, Any]:
    """Return what an error that says "not possible" carries."""
    return {
        "regime": decision.regime_id,
        "verdict": decision.verdict,
        "is_current": decision.is_current,
        "is_confirmed": decision.confirmed_at is not None,
    }


# What makes two verdicts one: a form that was sent twice decides once.
_SAID: Final = ("verdict", "limbs", "reason", "review_on", "regime_digest", "facts")


def _replace_former(decision: Decision) -> Decision | None:
    """Lay the standing decision aside; return it instead if its author says the same."""
    rows = Decision.objects.filter(
        incident=decision.incident,
        organisation=decision.organisation,
        regime_id=decision.regime_id,
        is_current=True,
    )
    former = rows.select_related("incident", "organisation", "decided_by").first()
    if former is None:
        return None
    is_same = all(getattr(former, name) == getattr(decision, name) for name in _SAID)
    if is_same and former.decided_by_id == decision.decided_by_id:
        return former
    rows.update(is_current=False)
    return None


def _checked(
    judgement: Judgement, organisation: Organisation, now: datetime
) -> Registered:
    known = regimes_of(organisation.pk)
    registered = known.get(judgement.regime_id)
    if registered is None:
        remedy = f"Use one of {', '.join(known)}."
        raise BadInput("regime", judgement.regime_id, remedy)
    if judgement.verdict not in Verdict.values:
        remedy = f"Use one of {', '.join(Verdict.values)}."
        raise BadInput("verdict", judgement.verdict, remedy)
    if not 1 <= len(judgement.reason.strip()) <= MAX_REASON:
        remedy = f"Write why, in at most {MAX_REASON} signs."
        raise BadInput("reason", judgement.reason, remedy)
    _check_limbs(judgement, registered)
    _check_review(judgement, now)
    return registered


def _check_limbs(judgement: Judgement, registered: Registered) -> None:
    known = [limb.id for limb in registered.regime.limbs]
    unknown = [limb for limb in judgement.limbs if limb not in known]
    if unknown:
        raise BadInput(
            "limbs", unknown[0], f"Use those of the law: {', '.join(known)}."
        )
    if judgement.verdict == Verdict.REPORTABLE and known and not judgement.limbs:
        raise BadInput("limbs", "", "Say which of the law's conditions are met.")
    if judgement.verdict == Verdict.NOT_REPORTABLE and judgement.limbs:
        remedy = "A condition that is met makes it reportable: leave it out."
        raise BadInput("limbs", judgement.limbs[0], remedy)


def _check_review(judgement: Judgement, now: datetime) -> None:
    day = judgement.review_on
    if day is None:
        if judgement.verdict == Verdict.NOT_REPORTABLE:
            remedy = "Give a day on which somebody looks at this “no” again."
            raise BadInput("review_on", "", remedy)
        return
    if day <= now.astimezone(UTC).date():
        raise BadInput("review_on", day, "Give a day that is still to come.")


def _answers(incident: Incident, organisation: Organisation) -> dict[str, str]:
    """Return what was answered in the assessment until now: what the verdict relies on."""
    rows = AssessmentAnswer.objects.filter(
        incident=incident, organisation=organisation, is_current=True
    )
    return dict(rows.order_by("question").values_list("question", "said"))


def _body(decision: Decision) -> dict[str, Any]:
    body: dict[str, Any] = {
        "digest": decision.regime_digest,
        "limbs": decision.limbs,
        "answers": decision.facts,
        "reason": decision.reason,
    }
    if decision.review_on:
        body["review_on"] = decision.review_on.isoformat()
    return body


def _record(kind: str, decision: Decision, body: dict[str, Any], by: User) -> None:
    record(
        kind,
        incident=decision.incident,
        organisation_id=decision.organisation_id,
        actor=actor_for(by, decision.organisation),
        body={"decision": decision.pk, "regime": decision.regime_id, **body},
    )
