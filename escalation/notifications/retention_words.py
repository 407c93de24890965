"""Tell what a schedule will erase while a hold can still stop it, and whom to tell of it.

The desk and the administrators are told, in numbers: no word of what goes.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Count, Q, Sum
from django.urls import reverse

from escalation.notifications import retry
from escalation.notifications.in_charge import ways_to_those_in_charge
from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import (
    NewNotification,
    message_by,
    queue_notifications,
)
from escalation.notifications.render import Message
from incidents.custody.recipients import OWED_TIMER
from incidents.events.record import recording
from incidents.models import RecipientNotice, RetentionItem, RetentionRun, Timer
from incidents.retention.announcing import ANNOUNCED_TIMER
from incidents.timers.schedule import register_handler

Say = Callable[[Timer], tuple[str, Message] | None]

log = structlog.get_logger(__name__)


def register_handlers() -> None:
    """Have the timers of announced runs and of recipients to be told come here."""
    register_handler(ANNOUNCED_TIMER, tell_of_runs)
    register_handler(OWED_TIMER, tell_of_recipients)


def tell_of_runs(timers: Sequence[Timer], now: datetime) -> None:
    """Tell each organisation that loses something by a run, once."""
    runs = RetentionRun.objects.select_related("organisation").in_bulk(
        {timer.subject_id for timer in timers}
    )
    counts = _counts(runs)

    def say(timer: Timer) -> tuple[str, Message] | None:
        run = runs.get(timer.subject_id)
        if run is None or run.ended_at is not None:
            return None
        own, shared = counts[run.pk, None], counts.get((run.pk, timer.organisation_id))
        is_own = run.organisation_id == timer.organisation_id
        values, incidents = own if is_own or shared is None else shared
        return f"retention:{run.pk}", _announced(run, values, incidents, is_own=is_own)

    _send(timers, say, now)


def tell_of_recipients(timers: Sequence[Timer], now: datetime) -> None:
    """Tell an organisation that somebody holds what was erased, once for each erasure."""
    notices = RecipientNotice.objects.in_bulk({timer.subject_id for timer in timers})

    def say(timer: Timer) -> tuple[str, Message] | None:
        notice = notices.get(timer.subject_id)
        if notice is None or notice.told_at is not None:
            return None
        return f"recipients:{notice.erasure}", _owed()

    _send(timers, say, now)


def _counts(
    runs: Mapping[int, RetentionRun],
) -> dict[tuple[int, int | None], tuple[int, int]]:
    """Return values and incidents of each run, in all and of each agency's pairs."""
    rows = RetentionItem.objects.filter(run__in=list(runs))
    summed: dict[str, Any] = {
        "values": Sum("values_announced"),
        "incidents": Count("audience__incident", distinct=True),
    }
    found: dict[tuple[int, int | None], tuple[int, int]] = {}
    for row in rows.order_by().values("run").annotate(**summed):
        found[row["run"], None] = (row["values"], row["incidents"])
    shared = rows.filter(Q(audience__agency__isnull=False)).order_by()
    for row in shared.values("run", "audience__agency").annotate(**summed):
        place = (row["run"], row["audience__agency"])
        found[place] = (row["values"], row["incidents"])
    return found


def _announced(
    run: RetentionRun, values: int, incidents: int, *, is_own: bool
) -> Message:
    whose = "your organisation" if is_own else str(run.organisation)
    shared = "" if is_own else " that you and they both read"
    return Message(
        subject="[Tocsin] Values will be erased by schedule",
        text=f"{values} values of {incidents} incidents{shared} will be erased on"
        f" {run.erases_at:%d %B %Y, %H:%M} UTC by the retention schedules of {whose}."
        "\n\nPlace a hold before then on what must be kept.",
        url=settings.BASE_URL + reverse("retention"),
        data={"purpose": retry.RETENTION},
    )


def _owed() -> Message:
    return Message(
        subject="[Tocsin] Tell recipients that values were erased",
        text="Somebody was handed evidence with values that are erased since."
        "\n\nTell them, and note that you did.",
        url=settings.BASE_URL + reverse("custody"),
        data={"purpose": retry.RETENTION},
    )


def _send(timers: Sequence[Timer], say: Say, now: datetime) -> None:
    methods = ways_to_those_in_charge({timer.organisation_id for timer in timers})
    rows = []
    for timer in timers:
        said = say(timer)
        if said is None:
            continue
        if timer.organisation_id not in methods:
            log.warning(
                "nobody_to_tell_of_retention", organisation=timer.organisation_id
            )
        rows += [
            _row(method, *said) for method in methods.get(timer.organisation_id, ())
        ]
    with recording(now):
        queue_notifications(rows, now=now)


def _row(method: ContactMethod, key: str, message: Message) -> NewNotification:
    return message_by(
        method,
        dedup_key=f"{key}:{method.pk}",
        purpose=retry.RETENTION,
        message=message,
    )
