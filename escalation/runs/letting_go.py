"""Let pages go that were held back while their incidents were less severe."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import F

from escalation.notifications import retry
from escalation.notifications.models import Notification, NotificationStatus
from escalation.notifications.rule_editing import load_rules
from escalation.notifications.rules import Rules, plan_contacts
from escalation.policies.steps import parse_policy
from escalation.runs.facts import pages_urgently
from incidents.events.doorbell import ring_after_commit

_Rules = Mapping[tuple[int, int], Rules]


def let_go(incident_ids: Collection[int], *, now: datetime) -> None:
    """Make due what quiet hours or a digest hold of incidents that were raised since.

    Quiet hours hold only what is not urgent; the sender gathers again what is no more
    severe than what came before. Delays of people's own rules stay. Requires the
    incidents locked and an open `recording`; takes a fixed number of statements.
    """
    rows = _waiting(incident_ids) if incident_ids else []
    rules = _rules_of(rows)
    gone = []
    for row in rows:
        due_at = now if row.digest_id else _due_without_quiet_hours(row, rules)
        if due_at is None:
            continue
        row.digest, row.next_attempt_at = None, max(now, due_at)
        row.expires_at = row.next_attempt_at + retry.LIFETIMES[row.purpose]
        gone.append(row)
    if gone:
        fields = ["digest", "next_attempt_at", "expires_at"]
        Notification.objects.bulk_update(gone, fields)
        ring_after_commit("delivery")


def _waiting(incident_ids: Collection[int]) -> Sequence[Notification]:
    """Return calls that no try was made of, made when their incident was less severe.

    Those that are due too: a claim that goes on just now may be gathering them.
    """
    rows = Notification.objects.filter(
        incident__in=incident_ids,
        severity__lt=F("incident__severity"),
        status=NotificationStatus.QUEUED,
        attempts=0,
        # One that a digest has taken along is on its way.
        first_attempt_at=None,
        purpose__in=retry.CANCELLED_BY_ACKNOWLEDGEMENT,
    ).select_related("incident", "method", "run__version")
    locked = rows.select_for_update(of=("self",), no_key=True)
    return list(locked.order_by("pk"))


def _rules_of(rows: Sequence[Notification]) -> _Rules:
    return load_rules(
        {row.organisation_id for row in rows},
        {row.recipient_user_id for row in rows if row.recipient_user_id},
    )


def _due_without_quiet_hours(row: Notification, rules: _Rules) -> datetime | None:
    """Return when an urgent page that quiet hours hold would have been due; else None."""
    said = rules.get((row.organisation_id, row.recipient_user_id or 0))
    if said is None or row.method is None or not _is_urgent_now(row):
        return None
    methods = [row.method.slug]
    plan = plan_contacts(said, methods, is_urgent=False, at=row.queued_at)
    planned = plan.contacts[0]
    if planned.held_until is None:
        return None
    return row.queued_at + timedelta(seconds=planned.delay_seconds)


def _is_urgent_now(row: Notification) -> bool:
    if row.run is None or row.incident is None or row.step_index is None:
        return False
    steps = parse_policy(row.run.version.body).steps
    if not 0 <= row.step_index < len(steps):
        return False
    return pages_urgently(steps[row.step_index], row.incident.severity)
