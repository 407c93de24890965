"""Bound how many incidents one delivery may open.

Groups beyond the bound have one incident together for their source, so that a body with
twenty thousand alerts is neither twenty thousand pages nor lost: each alert stands there,
and is recorded there. Later news of those alerts goes to the same incident.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from django.conf import settings

from incidents.intake.models import Alert, Source
from incidents.intake.news import AlertChange, GroupKey, hashed

MORE: Final = hashed("tocsin: more groups")


def beyond_bound(
    missing: Iterable[GroupKey], groups: Mapping[GroupKey, Sequence[AlertChange]]
) -> set[GroupKey]:
    """Return those of the groups that must share an incident, the last of each delivery.

    A group is its first alert's delivery's.
    """
    first = {key: _first_place(groups[key]) for key in missing}
    opened = Counter(_opened_before(first.values()))
    beyond: set[GroupKey] = set()
    for key, (delivery_id, _) in sorted(first.items(), key=lambda item: item[1]):
        opened[delivery_id] += 1
        if opened[delivery_id] > settings.INCIDENTS_PER_DELIVERY:
            beyond.add(key)
    return beyond


def shared_home(key: GroupKey) -> GroupKey:
    """Return the group under which a source's groups beyond the bound are found."""
    return key[0], MORE


def title_of(source: Source) -> str:
    """Return the title of the incident that they share."""
    return f"More groups of alerts at once from {source.name}"


def description_of(source: Source) -> str:
    """Say in that incident why so many alerts stand in it."""
    return (
        f"One delivery of source {source.slug} told of more than "
        f"{settings.INCIDENTS_PER_DELIVERY} new groups of alerts. That many have got "
        "incidents of their own; the alerts of all further ones are listed here."
    )


def _first_place(changes: Iterable[AlertChange]) -> tuple[int, int]:
    """Return the delivery of a group's first alert, and its place there."""
    steps = (step for change in changes for step in change.steps)
    return min((step.news.delivery_id, step.news.place) for step in steps)


def _opened_before(first: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return what deliveries of which this is a later slice have opened already."""
    lowest: dict[int, int] = {}
    for delivery_id, place in first:
        lowest[delivery_id] = min(place, lowest.get(delivery_id, place))
    begun = [
        pk for pk, place in lowest.items() if place >= settings.INCIDENTS_PER_DELIVERY
    ]
    if not begun:
        return {}
    rows = Alert.objects.filter(delivery__in=begun, incident__isnull=False)
    pairs = rows.values_list("delivery", "incident").distinct()
    return Counter(delivery_id for delivery_id, _ in pairs)
