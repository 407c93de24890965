"""Write what alerts change of their incidents, many in one statement."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

from incidents.incident.models import Incident

_UPDATE: Final = """
UPDATE tocsin_incident AS i
SET alert_count = n.alert_count, open_alert_count = n.open_alert_count,
    all_clear_at = n.all_clear_at, last_alert_at = n.last_alert_at, severity = n.severity, labels = n.labels
FROM json_to_recordset(%s::json) AS n (
    id bigint, alert_count integer, open_alert_count integer,
    all_clear_at timestamptz, last_alert_at timestamptz, severity smallint, labels jsonb)
WHERE i.id = n.id
"""


def write_counts(incidents: Sequence[Incident]) -> None:
    """Write counts, all-clear, severity and labels. Requires that they are locked."""
    if not incidents:
        return
    rows = [
        {
            "id": incident.pk,
            "alert_count": incident.alert_count,
            "open_alert_count": incident.open_alert_count,
            "all_clear_at": incident.all_clear_at,
            "last_alert_at": incident.last_alert_at,
            "severity": incident.severity,
            "labels": incident.labels,
        }
        for incident in incidents
    ]
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, [json.dumps(rows, default=datetime.isoformat)])


def counted(incident: Incident) -> tuple[Any, ...]:
    """Return what `write_counts` writes, to see whether it changed."""
    return (
        incident.alert_count,
        incident.open_alert_count,
        incident.all_clear_at,
        incident.last_alert_at,
        incident.severity,
        dict(incident.labels),
    )
