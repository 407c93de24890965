"""Say of incidents what one person may see, in a number of queries that stays fixed.

The owner's people see all of it. An agency's people see neither other agencies nor
names of the other side, nor where inside the lab the alerts came from.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from incidents.incident.models import Acknowledgement, Incident, Share
from incidents.organisations.models import Organisation, User

AbsoluteUrl = Callable[[str], str]


def render_incidents(
    incidents: Sequence[Incident], *, user: User, absolute: AbsoluteUrl
) -> list[dict[str, Any]]:
    """Return the incidents as the API shows them to this person.

    Requires select_related("organisation", "source", "reported_by").
    """
    mine = set(Organisation.objects.of(user).values_list("pk", flat=True))
    shares = _by_incident(
        Share.objects.filter(incident__in=incidents, unshared_at=None)
        .select_related("agency")
        .order_by("pk")
    )
    acknowledged = _by_incident(
        Acknowledgement.objects.filter(incident__in=incidents, ended_at=None)
        .select_related("organisation", "user")
        .order_by("pk")
    )
    merged = _visible_refs({row.merged_into_id for row in incidents} - {None}, user)
    return [
        _shared_part(row, absolute)
        | _inner_part(row, is_owner=row.organisation_id in mine)
        | {
            "merged_into": merged.get(row.merged_into_id or 0),
            "shared_with": [
                share.agency.slug
                for share in shown_shares(row, shares.get(row.pk, []), mine)
            ],
            "acknowledgements": [
                render_acknowledgement(acknowledgement, mine)
                for acknowledgement in shown_acknowledgements(
                    row, acknowledged.get(row.pk, []), mine
                )
            ],
        }
        for row in incidents
    ]


def shown_shares(
    incident: Incident, shares: Iterable[Share], mine: set[int]
) -> list[Share]:
    """Keep all shares for the owner's people, their own agencies' for others."""
    is_owner = incident.organisation_id in mine
    return [share for share in shares if is_owner or share.agency_id in mine]


def shown_acknowledgements(
    incident: Incident, rows: Iterable[Acknowledgement], mine: set[int]
) -> list[Acknowledgement]:
    """Keep what the owner and one's own organisations said; no other agency's."""
    seen = mine | {incident.organisation_id}
    is_owner = incident.organisation_id in mine
    return [row for row in rows if is_owner or row.organisation_id in seen]


def render_acknowledgement(row: Acknowledgement, mine: set[int]) -> dict[str, Any]:
    """Return an acknowledgement; the person's name is for their own side."""
    is_mine = row.organisation_id in mine
    return {
        "organisation": row.organisation.slug,
        "at": row.at,
        "by": str(row.user) if is_mine and row.user else None,
        "via": row.via,
        "ended_at": row.ended_at,
        "signed_at": row.signed_at,
        "signed_by_key": row.signed_by_key,
    }


def _by_incident(rows: Iterable[Any]) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row.incident_id, []).append(row)
    return grouped


def _visible_refs(ids: set[Any], user: User) -> dict[int, str]:
    if not ids:
        return {}
    rows = Incident.objects.visible_to(user).filter(pk__in=ids)
    return dict(rows.values_list("pk", "ref"))


def _shared_part(row: Incident, absolute: AbsoluteUrl) -> dict[str, Any]:
    copied = (
        "ref title description category severity tlp status is_danger facts "
        "occurred_at detected_at aware_at opened_at acknowledged_at resolved_at "
        "alert_count open_alert_count all_clear_at"
    )
    return {name: getattr(row, name) for name in copied.split()} | {
        "url": absolute(row.get_absolute_url()),
        "organisation": row.organisation.slug,
        "organisation_name": row.organisation.name,
    }


def _inner_part(row: Incident, *, is_owner: bool) -> dict[str, Any]:
    if not is_owner:
        return {"reported_by": None, "source": None, "labels": None}
    return {
        "reported_by": str(row.reported_by) if row.reported_by else None,
        "source": row.source.name if row.source else None,
        "labels": row.labels,
    }
