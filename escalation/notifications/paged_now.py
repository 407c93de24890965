"""Say where people would be paged if it happened now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from escalation.notifications.channels.registry import CHANNELS
from escalation.notifications.models import ContactMethod
from escalation.notifications.rule_editing import load_rules
from escalation.notifications.rule_reading import describe_contacts
from escalation.notifications.rules import PlanReason, Rules, plan_contacts


@dataclass(frozen=True, slots=True)
class PagedNow:
    """What a normal and an urgent page would do, in words."""

    normal: str
    urgent: str


def paged_now(
    people: Collection[tuple[int, int]], *, at: datetime
) -> dict[tuple[int, int], PagedNow]:
    """Return it for (organisation id, user id) pairs, in two statements."""
    organisation_ids = {organisation_id for organisation_id, _ in people}
    user_ids = {user_id for _, user_id in people}
    rules = load_rules(organisation_ids, user_ids)
    methods: dict[tuple[int, int], list[ContactMethod]] = {pair: [] for pair in people}
    rows = ContactMethod.objects.usable().filter(
        organisation__in=organisation_ids, user__in=user_ids
    )
    for row in rows.order_by("pk"):
        if (row.organisation_id, row.user_id or 0) in methods:
            methods[row.organisation_id, row.user_id or 0].append(row)
    return {
        pair: PagedNow(
            normal=_sentence(rules.get(pair), found, is_urgent=False, at=at),
            urgent=_sentence(rules.get(pair), found, is_urgent=True, at=at),
        )
        for pair, found in methods.items()
    }


def _sentence(
    rules: Rules | None,
    methods: Collection[ContactMethod],
    *,
    is_urgent: bool,
    at: datetime,
) -> str:
    labels = {row.slug: _label(row, methods) for row in methods}
    plan = plan_contacts(rules, list(labels), is_urgent=is_urgent, at=at)
    said = describe_contacts(plan.contacts, labels, at=at)
    if plan.reason == PlanReason.NONE_LEFT and labels:
        return f"{said} (no method of the list is in use)"
    return said


def _label(method: ContactMethod, methods: Collection[ContactMethod]) -> str:
    """Return the channel's name, with the address where several share it."""
    name = CHANNELS[method.channel].label if method.channel in CHANNELS else "?"
    alike = [row for row in methods if row.channel == method.channel]
    return f"{name} {method.address}" if len(alike) > 1 else name
