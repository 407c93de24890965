"""Bring converted rows in: one transaction and a fixed number of statements a batch."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.models import Incident, Status
from incidents.incident.opening import described
from incidents.incident.refs import make_ref
from incidents.intake.imports.converting import ImportedRow
from incidents.intake.imports.models import ImportedIncident
from incidents.ledger.canonical import format_at
from incidents.organisations.models import Organisation

BATCH: Final = 200

_CLAIM: Final = """
INSERT INTO tocsin_imported_incident (organisation_id, import_name, external_id, imported_at)
SELECT %s, %s, external_id, %s FROM unnest(%s::text[]) AS n (external_id)
ORDER BY external_id
ON CONFLICT (organisation_id, import_name, external_id) DO NOTHING
RETURNING external_id, id
"""
_NAME: Final = """
UPDATE tocsin_imported_incident AS m SET incident_id = n.incident_id
FROM unnest(%s::bigint[], %s::bigint[]) AS n (id, incident_id) WHERE m.id = n.id
"""


@dataclass(frozen=True, slots=True)
class Import:
    """Whose incidents come in, under which name, by whom; `is_paging` has them routed."""

    organisation: Organisation
    name: str
    actor: Actor
    is_paging: bool = False


def import_rows(rows: Sequence[ImportedRow], into: Import, *, now: datetime) -> int:
    """Make incidents of those rows that are not in yet; returns how many.

    Another run that brings the same row in at this moment is waited for.
    """
    with recording(now):
        claims = _claim([row.external_id for row in rows], into, now)
        mine = [row for row in rows if row.external_id in claims]
        incidents = [_incident(row, into, now) for row in mine]
        Incident.objects.bulk_create(incidents)
        _name([claims[row.external_id] for row in mine], incidents)
        for row, incident in zip(mine, incidents, strict=True):
            _record(row, incident, into)
    return len(mine)


def already_in(into: Import, external_ids: Collection[str]) -> set[str]:
    """Return those of the ids that an earlier run brought in."""
    rows = ImportedIncident.objects.filter(
        organisation=into.organisation,
        import_name=into.name,
        external_id__in=external_ids,
    )
    return set(rows.values_list("external_id", flat=True))


def _claim(external_ids: list[str], into: Import, now: datetime) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [into.organisation.pk, into.name, now, external_ids])
        return dict(cursor.fetchall())


def _name(claim_ids: list[int], incidents: Sequence[Incident]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_NAME, [claim_ids, [incident.pk for incident in incidents]])


def _incident(row: ImportedRow, into: Import, now: datetime) -> Incident:
    at = row.instants
    opened_at = at.get("opened_at") or at.get("detected_at") or now
    is_resolved = row.status == Status.RESOLVED
    return Incident(
        ref=make_ref(),
        organisation=into.organisation,
        title=row.title,
        description=row.description,
        category=row.category,
        severity=row.severity,
        tlp=row.tlp,
        status=Status(row.status),
        is_danger=row.is_danger,
        facts=dict(row.facts),
        labels=dict(row.labels),
        occurred_at=at.get("occurred_at"),
        detected_at=at.get("detected_at"),
        aware_at=at.get("aware_at"),
        opened_at=opened_at,
        acknowledged_at=at.get("acknowledged_at"),
        resolved_at=(at.get("resolved_at") or now) if is_resolved else None,
    )


def _record(row: ImportedRow, incident: Incident, into: Import) -> None:
    """Record the import; what is open is also opened, where it shall be routed."""
    _record_one("incident.imported", incident, into, _told(row, incident, into))
    if into.is_paging and incident.status == Status.OPEN:
        _record_one("incident.opened", incident, into, described(incident))


def _told(row: ImportedRow, incident: Incident, into: Import) -> dict[str, Any]:
    body = {
        **described(incident),
        "import": into.name,
        "external_id": row.external_id,
        "status": str(incident.status),
        "is_danger": {None: "unknown", True: "yes", False: "no"}[row.is_danger],
    }
    if incident.labels:
        body["labels"] = dict(incident.labels)
    for name in ("opened_at", "acknowledged_at", "resolved_at"):
        if moment := getattr(incident, name):
            body[name] = format_at(moment)
    return body


def _record_one(
    kind: str, incident: Incident, into: Import, body: Mapping[str, Any]
) -> None:
    record(
        kind,
        incident=incident,
        organisation_id=into.organisation.pk,
        actor=into.actor,
        body=body,
    )
