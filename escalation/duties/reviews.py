"""Bring decisions back on the day that was set to look at them again."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

from escalation.calendars.wall_clock import instant_of
from escalation.duties.models import Decision
from escalation.lawbook.profiles import Profile, profiles_of
from escalation.notifications import retry
from escalation.notifications.address_book import AddressBook
from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import NewNotification, queue_notifications
from escalation.notifications.render import facts_of, render_message
from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.models import Timer
from incidents.timers.schedule import add_timer, register_handler

REVIEW: Final = "duties.review"
# In the morning: a review is not worth a night's sleep.
_AT: Final = time(8)


def register_handlers() -> None:
    """Register the timer; called when the app is ready."""
    register_handler(REVIEW, bring_back)


def arm_review(decision: Decision, zone: ZoneInfo) -> None:
    """Make the timer of a decision that is to be looked at again. Needs a transaction."""
    if decision.review_on is not None:
        add_timer(
            kind=REVIEW,
            subject_id=decision.pk,
            organisation_id=decision.organisation_id,
            incident_id=decision.incident_id,
            due_at=instant_of(decision.review_on, _AT, zone).astimezone(UTC),
        )


def bring_back(timers: Sequence[Timer], now: datetime) -> None:
    """Tell who decided, and who answers for it, that the day has come.

    What was decided anew since then is left alone.
    """
    rows = Decision.objects.filter(
        pk__in=[timer.subject_id for timer in timers], is_current=True
    )
    decisions = list(
        rows.select_related("incident__organisation", "organisation").order_by("pk")
    )
    if not decisions:
        return
    for decision in decisions:
        _record(decision)
    profiles = profiles_of({decision.organisation_id for decision in decisions})
    people = {
        decision.pk: _people(decision, profiles[decision.organisation_id])
        for decision in decisions
    }
    book = AddressBook.load(
        set(profiles), user_ids={pk for found in people.values() for pk in found}
    )
    queue_notifications(
        [
            _row(decision, method)
            for decision in decisions
            for method in book.methods_of(decision.organisation_id, people[decision.pk])
        ],
        now=now,
    )


def _people(decision: Decision, profile: Profile) -> list[int]:
    people = [decision.decided_by_id, profile.accountable_id]
    return list(dict.fromkeys(pk for pk in people if pk))


def _row(decision: Decision, method: ContactMethod) -> NewNotification:
    facts = facts_of(
        decision.incident,
        purpose=retry.DECISION,
        channel=method.channel,
        organisation_name=decision.organisation.name,
        base_url=settings.BASE_URL,
        why=f"A decision under {decision.regime_id} is due to be looked at again.",
    )
    desk = f"{decision.organisation.name} desk"
    return NewNotification(
        dedup_key=f"review:{decision.pk}:{method.pk}",
        organisation_id=decision.organisation_id,
        purpose=retry.DECISION,
        channel=method.channel,
        address=method.address,
        message=render_message(facts),
        incident=decision.incident,
        method_id=method.pk,
        recipient_user_id=method.user_id,
        recipient_name=str(method.user) if method.user else desk,
    )


def _record(decision: Decision) -> None:
    review_on = decision.review_on
    record(
        "decision.review_due",
        incident=decision.incident,
        organisation_id=decision.organisation_id,
        actor=Actor.system(decision.organisation),
        body={
            "decision": decision.pk,
            "regime": decision.regime_id,
            "verdict": decision.verdict,
            "review_on": review_on.isoformat() if review_on else "",
        },
    )
