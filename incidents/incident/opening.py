"""Opens incidents: one that a person files, or many that tools report at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.models import Incident
from incidents.incident.refs import make_ref
from incidents.ledger.canonical import format_at
from incidents.organisations.models import User


@dataclass(frozen=True, slots=True)
class NewIncident:
    """What is known of an incident when it is opened. Times are aware datetimes."""

    organisation_id: int
    title: str
    category: str
    severity: int
    description: str = ""
    tlp: str = "AMBER+STRICT"
    is_danger: bool | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    occurred_at: datetime | None = None
    detected_at: datetime | None = None
    aware_at: datetime | None = None
    reported_by: User | None = None
    source_id: int | None = None
    group_key: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    via: str = ""
    """How a report came, where that is not the form or the API: "by e-mail of …"."""


def open_incident(new: NewIncident, *, actor: Actor, now: datetime) -> Incident:
    """Open one incident and record it."""
    return open_incidents([new], actors=[actor], now=now)[0]


def open_incidents(
    news: Sequence[NewIncident], *, actors: Sequence[Actor], now: datetime
) -> list[Incident]:
    """Open incidents in bulk, in a fixed number of statements.

    Returns only those that it inserted: of a (source, group key) that is open already,
    or that another transaction opens at this moment, the other one stands.
    """
    with recording(now):
        rows = {
            (incident := _incident_from(new, now)).ref: (incident, actor, new.via)
            for new, actor in zip(news, actors, strict=True)
        }
        Incident.objects.bulk_create(
            [incident for incident, *_ in rows.values()], ignore_conflicts=True
        )
        inserted = {i.ref: i for i in Incident.objects.filter(ref__in=rows)}
        opened = [inserted[ref] for ref in rows if ref in inserted]
        for incident in opened:
            _, actor, via = rows[incident.ref]
            _record_opened(incident, actor, via)
    return opened


def described(incident: Incident) -> dict[str, Any]:
    """Return the incident's fields as the record keeps them; absent ones are left out."""
    body: dict[str, Any] = {
        "ref": incident.ref,
        "title": incident.title,
        "description": incident.description,
        "category": incident.category,
        "severity": incident.severity,
        "tlp": incident.tlp,
    }
    if incident.facts:
        body["facts"] = incident.facts
    for name in ("occurred_at", "detected_at", "aware_at"):
        if moment := getattr(incident, name):
            body[name] = format_at(moment)
    return body


def _incident_from(new: NewIncident, now: datetime) -> Incident:
    return Incident(
        ref=make_ref(),
        organisation_id=new.organisation_id,
        title=new.title,
        description=new.description,
        category=new.category,
        severity=new.severity,
        tlp=new.tlp,
        is_danger=new.is_danger,
        facts=dict(new.facts),
        occurred_at=new.occurred_at,
        detected_at=new.detected_at,
        aware_at=new.aware_at,
        opened_at=now,
        reported_by=new.reported_by,
        source_id=new.source_id,
        group_key=new.group_key,
        labels=dict(new.labels),
        is_touched=new.reported_by is not None,
    )


def _record_opened(incident: Incident, actor: Actor, via: str) -> None:
    """Record the opening; a person's report is an entry of its own before it."""
    body = described(incident)
    if actor.kind in {"user", "reporter"}:
        danger = {None: "unknown", True: "yes", False: "no"}[incident.is_danger]
        report = {**body, "is_danger": danger, **({"via": via} if via else {})}
        _record_by_owner("incident.reported", incident, actor, report)
    if actor.kind == "source":
        body["source"] = actor.name
    _record_by_owner("incident.opened", incident, actor, body)


def _record_by_owner(
    kind: str, incident: Incident, actor: Actor, body: Mapping[str, Any]
) -> None:
    record(
        kind,
        incident=incident,
        organisation_id=incident.organisation_id,
        actor=actor,
        body=body,
    )
