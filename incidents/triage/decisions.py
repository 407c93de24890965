"""Reads an agency's decisions on an incident back from its record."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incidents.events.feed import read_fields, readable_streams
from incidents.events.models import Purpose
from incidents.incident.models import Incident
from incidents.ledger.models import Entry
from incidents.organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class PastDecision:
    """One decision as its own agency sees it."""

    at: datetime
    actor: str
    outcome: str
    reason: str
    priority: int | None
    about: str


def decisions_of(incident: Incident, *, agency: Organisation) -> list[PastDecision]:
    """Return every decision of the agency on the incident, the newest first."""
    streams = [
        stream.stream_id
        for stream in readable_streams(incident, [agency.pk])
        if stream.purpose == Purpose.PRIVATE
    ]
    entries = list(
        Entry.objects.filter(stream__in=streams, kind="triage.decided").order_by("-id")
    )
    fields = read_fields(entries)
    return [_decision(entry.at, fields[entry.pk]) for entry in entries]


def _decision(at: datetime, data: dict[str, Any]) -> PastDecision:
    return PastDecision(
        at=at,
        actor=str(data.get("actor", {}).get("name", "")),
        outcome=str(data.get("outcome", "")),
        reason=str(data.get("reason", "")),
        priority=data.get("priority"),
        about=_about(data),
    )


def _about(data: dict[str, Any]) -> str:
    """Return which agency or incident the outcome names."""
    names = ("referred_to", "duplicate_of", "duplicate_elsewhere")
    return next((str(data[name]) for name in names if name in data), "")
