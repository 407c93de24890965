"""Write what alerts change of their incidents, many in one statement."""

import json
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection

from incidents.incident.models import Incident

_UPDATE: Final = """
UPDATE tocsin_incident AS i
SET alert_count = n.alert_count, open_alert_count = n.open_alert_count,
    all_clear_at = n.all_clear_at, severity = n.severity, labels = n.labels::jsonb
FROM unnest(%s::bigint[], %s::integer[], %s::integer[], %s::timestamptz[],
            %s::smallint[], %s::text[])
     AS n (id, alert_count, open_alert_count, all_clear_at, severity, labels)
WHERE i.id = n.id
"""


def write_counts(incidents: Sequence[Incident]) -> None:
    """Write counts, all-clear, severity and labels. Requires that they are locked."""
    if not incidents:
        return
    columns: list[list[Any]] = [
        [incident.pk for incident in incidents],
        [incident.alert_count for incident in incidents],
        [incident.open_alert_count for incident in incidents],
        [incident.all_clear_at for incident in incidents],
        [incident.severity for incident in incidents],
        [json.dumps(incident.labels) for incident in incidents],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, columns)
