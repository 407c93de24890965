"""In a merge the other incident's time record takes over what this one's says.

Both are the same thing that happened: who knew of it as the one knew of it as the other,
and what was reported of the one was reported. Decisions and answers stay where they are.
"""

from datetime import datetime
from typing import Final

from django.db.models import Exists, F, OuterRef, Q

from escalation.duties.following import note_happenings
from escalation.duties.instants import MAX_REASON, record_noted
from escalation.duties.looking import ask_to_look_at
from escalation.duties.models import AnchorValue
from escalation.regimes.regime import SUBMITTED
from incidents.events.actor import Actor
from incidents.incident.lifecycle import on_merged
from incidents.models import Incident, Share

# The other one is still open: what ended this one has not ended that.
_OF_ITS_OWN: Final = ("handled", "resolved", "reopened")


def register_handlers() -> None:
    """Have merges noted; called when the app is ready."""
    on_merged(take_over_instants)


def take_over_instants(incident: Incident, into: Incident) -> None:
    """Copy what stands in time records of a merged incident, both being locked.

    For its owner, and for an agency that has a record of it and sees the other one.
    """
    now = incident.resolved_at
    assert now is not None  # noqa: S101  a merge closes it
    # What was not noted yet would be taken for said once the copies stand.
    note_happenings({incident.pk, into.pk}, now=now)
    known = {_same(value) for value in _standing(into, into)}
    found = list(_standing(incident, into))
    new = [_copy(value, into, now) for value in found if _same(value) not in known]
    for value in AnchorValue.objects.bulk_create(new):
        record_noted(value, actor=Actor.system(value.organisation))
    keepers = {value.organisation_id for value in found}
    ask_to_look_at(
        ((one.pk, keeper) for one in (incident, into) for keeper in keepers), now
    )


def _standing(incident: Incident, seen: Incident) -> list[AnchorValue]:
    """Return the candidates in an incident's records, of those who see another one."""
    shares = Share.objects.filter(
        incident=seen, agency=OuterRef("organisation"), unshared_at=None
    )
    rows = AnchorValue.objects.filter(
        Q(organisation=F("incident__organisation")) | Q(Exists(shares)),
        incident=incident,
        withdrawn_at=None,
    ).exclude(name__in=_OF_ITS_OWN)
    return list(
        rows.select_related("incident", "organisation", "author").order_by("pk")
    )


def _same(value: AnchorValue) -> tuple[object, ...]:
    return value.organisation_id, value.regime_id, value.name, value.at


def _copy(value: AnchorValue, into: Incident, now: datetime) -> AnchorValue:
    """Return it for the other record; a submission keeps its filing's reference."""
    merged = f"merged from {value.incident.ref}"
    is_submission = value.name.startswith(SUBMITTED)
    reason = merged if is_submission else f"{value.source}. {value.reason}".strip()
    return AnchorValue(
        incident=into,
        organisation=value.organisation,
        name=value.name,
        regime_id=value.regime_id,
        at=value.at,
        written=value.written,
        precision=value.precision,
        source=value.source if is_submission else merged,
        reason=reason[:MAX_REASON],
        author=value.author,
        created_at=now,
    )
