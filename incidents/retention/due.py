"""Finds the values whose retention has ended, for a preview and for a run.

One statement, whatever there is. What stands in a stream of both sides goes only when
the schedules of both say so; what a hold covers is not found at all.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from incidents.custody.places import NEVER_FIELDS, Place
from incidents.retention.classes import fields_of_people, kinds_with_classes


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose values, by which terms ({class: days}), as of when.

    A run also says from which streams, and up to which entry.
    """

    organisation_id: int
    terms: Mapping[str, int]
    as_of: datetime
    streams: Sequence[uuid.UUID] | None = None
    last_entry_id: int | None = None


@dataclass(frozen=True, slots=True)
class DueStream:
    """How many values of one class are due in one stream."""

    stream_id: uuid.UUID
    organisation_id: int
    agency_id: int | None
    incident_id: int | None
    closed_at: datetime | None
    of: str
    count: int


# The condition on holds says what the triggers say; they have the last word.
_DUE: Final = """
  FROM tocsin_audience_stream AS a
  JOIN tocsin_entry AS e ON e.stream_id = a.stream_id
  JOIN json_to_recordset(%(kinds)s) AS k (kind text, said text, people text)
    ON k.kind = e.kind
  JOIN tocsin_disclosure AS d ON d.entry_id = e.id AND d.name <> ALL (%(never)s)
  JOIN json_to_recordset(%(terms)s) AS t (of text, days integer)
    ON t.of = CASE WHEN d.name = ANY (%(named)s) THEN k.people ELSE k.said END
  LEFT JOIN tocsin_incident AS i ON i.id = a.incident_id
  LEFT JOIN tocsin_retention_schedule AS s
    ON s.organisation_id = a.agency_id AND s.of = t.of
 WHERE a.organisation_id = %(owner)s
   AND (a.agency_id IS NULL OR s.keep_days IS NOT NULL)
   AND (a.incident_id IS NULL OR i.status IN ('resolved', 'merged'))
   AND CASE WHEN a.incident_id IS NULL THEN e.at ELSE i.resolved_at END
       + make_interval(days => greatest(t.days, s.keep_days)) <= %(as_of)s
   AND NOT EXISTS (
       SELECT FROM tocsin_hold AS h
        WHERE h.incident_id = a.incident_id AND h.released_at IS NULL
          AND h.organisation_id IN (a.organisation_id, a.agency_id))
   AND d.key_id NOT IN (
       SELECT p.id FROM tocsin_data_key AS p JOIN tocsin_user AS u ON u.uid = p.owner
         JOIN tocsin_hold AS h ON h.person_id = u.id AND h.released_at IS NULL)
   AND (%(streams)s::uuid[] IS NULL OR a.stream_id = ANY (%(streams)s::uuid[]))
   AND (%(last)s::bigint IS NULL OR e.id <= %(last)s)
"""
_COUNTED: Final = f"""
SELECT a.stream_id, a.organisation_id, a.agency_id, a.incident_id, i.resolved_at, t.of,
       count(*)
{_DUE} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY a.incident_id, a.stream_id, t.of
"""
_PLACES: Final = f"""
SELECT a.stream_id, e.seq, d.name, e.id, d.key_id, t.of
{_DUE} ORDER BY t.of, e.id, d.name LIMIT %(limit)s
"""


def count_due(asked: Asked) -> list[DueStream]:
    """Return what is due, by stream and class."""
    return [DueStream(*row) for row in _select(_COUNTED, asked)]


def find_due(asked: Asked, *, limit: int) -> tuple[str, list[Place]]:
    """Return one class of which something is due, and its first places."""
    rows = _select(_PLACES, asked, limit=limit)
    first = rows[0][-1] if rows else ""
    return first, [Place(*place) for *place, of in rows if of == first]


def _select(query: str, asked: Asked, **more: int) -> list[Any]:
    terms = [{"of": of, "days": days} for of, days in asked.terms.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            query,
            {
                "kinds": json.dumps(kinds_with_classes()),
                "terms": json.dumps(terms),
                "named": fields_of_people(),
                "never": list(NEVER_FIELDS),
                "owner": asked.organisation_id,
                "as_of": asked.as_of,
                "streams": None if asked.streams is None else list(asked.streams),
                "last": asked.last_entry_id,
                **more,
            },
        )
        return list(cursor.fetchall())
