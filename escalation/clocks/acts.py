"""Find in the record what was done on incidents, for the clocks that wait for it.

The record is asked and not a column here and there: it says who acted, when, and whether
the other side was told, also of what was undone since.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef

from escalation.policies.clock_targets import OTHER
from incidents.models import AudienceStream, Entry, Purpose

RESOLVED: Final = "incident.resolved"
REOPENED: Final = "incident.reopened"
DONE_BY: Final = {
    "acknowledge_by": frozenset({"incident.acknowledged"}),
    "triage_by": frozenset({"triage.decided"}),
    "first_update_by": frozenset(
        {
            "incident.commented",
            "triage.decided",
            "triage.info_requested",
            "triage.info_answered",
            RESOLVED,
        }
    ),
    "resolve_by": frozenset({RESOLVED}),
}
_KINDS: Final = {REOPENED}.union(*DONE_BY.values())


@dataclass(frozen=True, slots=True)
class Act:
    """Something that an organisation did. `is_told`: not kept to its own side."""

    incident_id: int
    organisation_id: int
    kind: str
    at: datetime
    is_told: bool


def acts_on(incident_ids: Collection[int]) -> dict[int, list[Act]]:
    """Return what was done on each incident, oldest first, in one statement.

    Where nobody else sees an incident yet, a comment to one's own side is an update.
    """
    pair = {"purpose": Purpose.PAIR, "incident": OuterRef("stream__audience__incident")}
    told = Entry.objects.filter(
        source_event=OuterRef("source_event"),
        stream__audience__purpose=Purpose.PAIR,
        stream__audience__incident=OuterRef("stream__audience__incident"),
    )
    rows = Entry.objects.filter(
        kind__in=_KINDS,
        stream__audience__purpose=Purpose.PRIVATE,
        stream__audience__incident__in=incident_ids,
    ).annotate(
        is_told=Exists(told), is_pair=Exists(AudienceStream.objects.filter(**pair))
    )
    columns = ("stream__audience__incident", "stream__audience__organisation")
    found: dict[int, list[Act]] = {}
    for incident_id, organisation_id, kind, at, is_told, is_pair in rows.order_by(
        "at", "id"
    ).values_list(*columns, "kind", "at", "is_told", "is_pair"):
        act = Act(incident_id, organisation_id, kind, at, is_told or not is_pair)
        found.setdefault(incident_id, []).append(act)
    return found


@dataclass(frozen=True, slots=True)
class Awaited:
    """Whose act a clock waits for: `side` as seen from `organisation_id`."""

    what: str
    side: str
    organisation_id: int
    owner_id: int


def done_at(
    awaited: Awaited, acts: Iterable[Act], *, since: datetime
) -> datetime | None:
    """Return when the awaited thing was first done, None while it is not."""
    for act in acts:
        if act.at >= since and _counts(awaited, act):
            return act.at
    return None


def last_reopened(acts: Sequence[Act]) -> datetime | None:
    """Return when an incident was last reopened."""
    return max((act.at for act in acts if act.kind == REOPENED), default=None)


def _counts(awaited: Awaited, act: Act) -> bool:
    if act.kind not in DONE_BY[awaited.what]:
        return False
    # Whoever resolves it: it is resolved for both sides.
    if act.kind == RESOLVED:
        return True
    if not act.is_told and awaited.what == "first_update_by":
        return False
    if awaited.side != OTHER:
        return act.organisation_id == awaited.organisation_id
    if awaited.organisation_id == awaited.owner_id:
        return act.organisation_id != awaited.owner_id
    return act.organisation_id == awaited.owner_id
