"""Find the body on which a mapping is tried, and try it."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from incidents.errors import BadInput, NotVisible
from incidents.intake.handling import HandlingError, checked_severity_map
from incidents.intake.mapping_preview import Reading, Seen, preview
from incidents.intake.models import Delivery, Source

GENERIC: Final = "generic"
# A larger one takes too long to be read each time that somebody types.
MAX_BODY: Final = 64 * 1024
SHOWN_BODIES: Final = 20


def last_bodies(source: Source) -> list[Delivery]:
    """Return the last deliveries whose body can be tried, without their bodies."""
    rows = source.deliveries.filter(body__isnull=False, size_bytes__lte=MAX_BODY)
    return list(rows.order_by("-pk").defer("body")[:SHOWN_BODIES])


def delivery_to_try(source: Source, uid: uuid.UUID | None) -> Delivery | None:
    """Return this delivery of the source, or its last one when none is named.

    Raises NotVisible, for one that is not there and for one whose body cannot be tried.
    """
    if uid is None:
        return next(iter(last_bodies(source)), None)
    rows = source.deliveries.filter(body__isnull=False, size_bytes__lte=MAX_BODY)
    delivery = rows.filter(uid=uid).first()
    if delivery is None:
        remedy = (
            f"Name a delivery of this source with a body of at most {MAX_BODY} bytes."
        )
        raise NotVisible("delivery", uid, remedy)
    return delivery


def try_mapping(
    source: Source,
    body: bytes,
    *,
    mapping: Mapping[str, str] | None = None,
    severity_map: Mapping[str, int] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Seen:
    """Return what a body would mean; the source's own table where none is given.

    Raises BadInput.
    """
    if mapping and source.tool != GENERIC:
        raise BadInput("mapping", source.tool, "Only a generic source has a mapping.")
    words = source.severity_map if severity_map is None else severity_map
    try:
        levels = checked_severity_map(words)
    except HandlingError as error:
        raise BadInput(error.field, error.value, error.remedy) from None
    reading = Reading(
        mapping=source.mapping if mapping is None else mapping,
        severity_map=levels,
        default_severity=source.default_severity,
    )
    return preview(body, tool=source.tool, reading=reading, headers=headers)


def shown_seen(seen: Seen) -> dict[str, Any]:
    """Return what a body means as plain values."""
    return {
        "outcome": seen.outcome,
        "reason": seen.reason,
        "problems": [asdict(problem) for problem in seen.problems],
        "alerts": [
            {
                "title": alert.title,
                "status": alert.status,
                "severity": level,
                "severity_told": alert.severity_told or alert.severity,
                "summary": alert.summary,
                "dedup_key": alert.dedup_key,
                "group_key": alert.group_key,
                "group_title": alert.group_title,
                "started_at": alert.started_at,
                "ended_at": alert.ended_at,
                "url": alert.url,
                "labels": alert.labels,
            }
            for alert, level in seen.alerts
        ],
        "more": seen.more,
        "found": dict(seen.found),
    }
