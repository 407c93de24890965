"""Has the operator told when heads lack their quorum for long, and when they have it again."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from incidents.organisations.models import Organisation, OrganisationKind
from incidents.timers.models import Tick
from incidents.timers.schedule import NewTimer, add_timers
from incidents.timers.ticks import note_tick
from incidents.witnessing.models import QuorumMiss
from incidents.witnessing.quorums import alarm_minutes
from incidents.witnessing.standing import QuorumStanding, read_standing

MISSED_TIMER: Final = "quorum.missed"
BACK_TIMER: Final = "quorum.back"
WATCH: Final = "quorum"
EVERY: Final = timedelta(seconds=10)


def watch_if_due(now: datetime) -> None:
    """Look once in a while, however often this is called."""
    looked = Tick.objects.filter(consumer=WATCH, ran_at__gt=now - EVERY)
    if not looked.exists():
        watch_quorum(now)
        note_tick(WATCH, now)


def watch_quorum(now: datetime) -> None:
    """Look once. Of a time without a quorum the operator is told once, and of its end."""
    standing = read_standing(now)
    miss = QuorumMiss.objects.filter(over_at=None).first()
    if miss is not None:
        _end(miss, standing, now)
    elif standing.is_missed(now, minutes=alarm_minutes()):
        _begin(standing, now)


def _begin(standing: QuorumStanding, now: datetime) -> None:
    with transaction.atomic():
        miss, is_new = QuorumMiss.objects.get_or_create(
            since=standing.vouched_at,
            defaults={"told_at": now, "awaited": list(standing.awaited)},
        )
        if is_new:
            _tell(MISSED_TIMER, miss, now)


def _end(miss: QuorumMiss, standing: QuorumStanding, now: datetime) -> None:
    """Close it once a quorum vouched anew, or once nobody is waited for any more."""
    if standing.vouched_at is not None and standing.vouched_at <= miss.since:
        return
    with transaction.atomic():
        still_open = QuorumMiss.objects.filter(pk=miss.pk, over_at=None)
        if still_open.update(over_at=now) and standing.vouched_at:
            _tell(BACK_TIMER, miss, now)


def _tell(kind: str, miss: QuorumMiss, now: datetime) -> None:
    platforms = Organisation.objects.filter(kind=OrganisationKind.PLATFORM)
    add_timers(
        NewTimer(kind, miss.pk, organisation_id, now)
        for organisation_id in platforms.values_list("pk", flat=True)
    )
