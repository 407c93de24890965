"""What happens to an incident enters its time records by itself.

The record of events is the source: pending entries become timers, due now, in the
transaction that drops them; the loop locks the incidents, and what is then found to have
happened is noted once for each organisation that keeps a time record.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from escalation.clocks.acts import REOPENED, RESOLVED, Act, acts_on
from escalation.duties.anchor_words import OCCURRED
from escalation.duties.instants import record_noted
from escalation.duties.looking import Place, ask_to_look_at
from escalation.duties.models import AnchorValue, Precision, StatutoryClock
from escalation.lawbook.models import LegalProfile
from incidents.events.actor import Actor
from incidents.events.pending import claim, drop, register_consumer
from incidents.events.record import recording
from incidents.models import Incident, Organisation, Share, Timer
from incidents.timers.schedule import NewTimer, add_timers, register_handler

DUTIES: Final = "duties"
KEEP: Final = "duties.record"
BATCH: Final = 500
KINDS: Final = frozenset(
    {
        "incident.opened",
        "incident.acknowledged",
        RESOLVED,
        REOPENED,
        "incident.shared",
        "incident.unshared",
        "triage.merged",
    }
)
REPORT: Final = "report"
"""Source of what the incident said of itself when it was opened."""
ACKNOWLEDGEMENT: Final = "acknowledgement"
RECORD: Final = "record of the incident"
_HAPPENED: Final = {RESOLVED: "resolved", REOPENED: "reopened"}
_FILED: Final = "Nobody said when. Whoever files an incident is aware of it."
_TAKEN: Final = "Nobody said when. Whoever takes an incident is aware of it."


def register_handlers() -> None:
    """Register the consumer and its timer; called when the app is ready."""
    register_consumer(DUTIES, kinds=KINDS)
    register_handler(KEEP, keep_records)


def follow(now: datetime) -> int:
    """Turn one batch of waiting entries into timers; returns how many entries."""
    with recording(now):
        rows = claim(DUTIES, limit=BATCH)
        ask_to_keep(_kept({row.incident_id for row in rows if row.incident_id}), now)
        drop(rows)
    return len(rows)


def keep_records(timers: Sequence[Timer], now: datetime) -> None:
    """Note what these timers' incidents say; then their clocks are looked at.

    So are those of each timer's own organisation, whether it keeps a record or not, and
    of whoever has clocks there: an agency's end and resume with the share.
    """
    places = {(t.incident_id, t.organisation_id) for t in timers if t.incident_id}
    incident_ids = {incident_id for incident_id, _ in places}
    kept = note_happenings(incident_ids, now=now)
    clocks = StatutoryClock.objects.filter(incident__in=incident_ids)
    clocked = clocks.values_list("incident_id", "organisation_id").distinct()
    ask_to_look_at(places | kept | set(clocked), now)


def ask_to_keep(places: Iterable[Place], now: datetime) -> None:
    """Have what happened noted and clocks looked at, for organisations on incidents."""
    add_timers(
        NewTimer(KEEP, incident_id, organisation_id, now, incident_id)
        for incident_id, organisation_id in sorted(set(places))
    )


def note_happenings(incident_ids: Collection[int], *, now: datetime) -> set[Place]:
    """Note what is not noted yet of incidents, for each organisation that keeps a record.

    Returns whose records those are. Requires an open `recording` and the incidents to
    be locked. The number of statements does not grow with them.
    """
    rows = Incident.objects.select_related("organisation").defer("search")
    incidents = rows.in_bulk(list(incident_ids))
    keepers = _keepers(incidents)
    if not keepers:
        return set()
    acts = acts_on({keeper.incident.pk for keeper in keepers})
    known = _known(keepers)
    new = [
        value
        for keeper in keepers
        for value in _said(keeper, acts.get(keeper.incident.pk, ()), now)
        if not known.has(value)
    ]
    for value in AnchorValue.objects.bulk_create(new):
        record_noted(value, actor=Actor.system(value.organisation))
    return {keeper.place for keeper in keepers}


@dataclass(frozen=True, slots=True)
class _Keeper:
    """An organisation that keeps a time record of an incident."""

    incident: Incident
    organisation: Organisation

    @property
    def place(self) -> tuple[int, int]:
        return self.incident.pk, self.organisation.pk

    @property
    def is_owner(self) -> bool:
        return self.incident.organisation_id == self.organisation.pk


@dataclass(frozen=True, slots=True)
class _Known:
    """What stands in time records, also what was withdrawn: it does not come back."""

    # By the product, and by anybody.
    instants: frozenset[tuple[int, int, str, datetime]]
    taken_over: frozenset[tuple[int, int, str]]
    names: frozenset[tuple[int, int, str]]

    def has(self, value: AnchorValue) -> bool:
        name = value.incident_id, value.organisation_id, value.name
        if value.name in _HAPPENED.values():
            return (*name, value.at) in self.instants
        # What nobody said is taken for granted only while nobody says it.
        is_assumed = bool(value.reason)
        return name in (self.names if is_assumed else self.taken_over)


def _kept(incident_ids: Collection[int]) -> set[Place]:
    """Return incident and owner for those of which anybody keeps a time record."""
    noted = AnchorValue.objects.filter(incident=OuterRef("pk"))
    under = _profiles().filter(organisation=OuterRef("organisation"))
    rows = Incident.objects.filter(pk__in=incident_ids)
    kept = rows.filter(Q(Exists(noted)) | Q(Exists(under)))
    return set(kept.values_list("pk", "organisation_id"))


def _profiles() -> QuerySet[LegalProfile]:
    return LegalProfile.objects.exclude(regimes={})


def _keepers(incidents: Mapping[int, Incident]) -> list[_Keeper]:
    """Return who keeps a record of each: those who have one, and owners under a law.

    An agency with which an incident is no longer shared keeps what it has as it is.
    """
    shares = Share.objects.filter(
        incident=OuterRef("incident"), agency=OuterRef("organisation"), unshared_at=None
    )
    noted = AnchorValue.objects.filter(
        Q(organisation=F("incident__organisation")) | Q(Exists(shares)),
        incident__in=incidents,
    )
    places = set(noted.values_list("incident_id", "organisation_id"))
    owners = {incident.organisation_id for incident in incidents.values()}
    under = _profiles().filter(organisation__in=owners)
    under_a_law = set(under.values_list("organisation_id", flat=True))
    places |= {
        (incident.pk, incident.organisation_id)
        for incident in incidents.values()
        if incident.organisation_id in under_a_law
    }
    sides = Organisation.objects.in_bulk({side for _, side in places})
    return [_Keeper(incidents[pk], sides[side]) for pk, side in sorted(places)]


def _known(keepers: Sequence[_Keeper]) -> _Known:
    rows = AnchorValue.objects.filter(
        incident__in={keeper.incident.pk for keeper in keepers}
    ).annotate(is_own=Q(author=None))
    columns = ("incident_id", "organisation_id", "name", "at", "is_own")
    found = list(rows.values_list(*columns))
    own = frozenset(row[:4] for row in found if row[4])
    return _Known(
        instants=own,
        taken_over=frozenset(row[:3] for row in own),
        names=frozenset(row[:3] for row in found),
    )


def _said(keeper: _Keeper, acts: Sequence[Act], now: datetime) -> list[AnchorValue]:
    """Return all that an incident says of its instants, noted or not."""
    first = _first_instants(keeper.incident, acts) if keeper.is_owner else []
    happened = [
        (_HAPPENED[act.kind], act.at, RECORD, "")
        for act in acts
        if act.kind in _HAPPENED
    ]
    return [
        AnchorValue(
            incident=keeper.incident,
            organisation=keeper.organisation,
            name=name,
            at=at,
            written=at.astimezone(UTC).isoformat(timespec="seconds"),
            precision=Precision.EXACT,
            source=source,
            reason=reason,
            created_at=now,
        )
        for name, at, source, reason in [*first, *happened]
    ]


def _first_instants(
    incident: Incident, acts: Sequence[Act]
) -> list[tuple[str, datetime, str, str]]:
    """Return (name, instant, source, reason) of what was known at the opening.

    Without an instant of awareness the organisation is taken to be aware when a person
    filed the incident, or took one that a tool opened: an upper bound, to be corrected.
    """
    said = [
        (OCCURRED, incident.occurred_at, REPORT, ""),
        ("discovered", incident.detected_at, REPORT, ""),
        ("aware", incident.aware_at, REPORT, ""),
    ]
    found = [(name, at, source, why) for name, at, source, why in said if at]
    if incident.aware_at:
        return found
    if incident.source_id is None:
        return [*found, ("aware", incident.opened_at, REPORT, _FILED)]
    taken = [act.at for act in acts if _is_taken(act, incident)]
    return found + [("aware", at, ACKNOWLEDGEMENT, _TAKEN) for at in taken[:1]]


def _is_taken(act: Act, incident: Incident) -> bool:
    is_owners = act.organisation_id == incident.organisation_id
    return is_owners and act.kind == "incident.acknowledged"
