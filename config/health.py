"""Say whether the process lives, and whether the whole works: for probes and watchers.

`/healthz` answers as long as the process does. `/readyz` answers 503 when the database
is gone or a part of the loop has not run for 30 s, also when it never ran. A broker that
is gone is told but not a failure: nothing is missed without it. Nor is a chore that has
not run to its end: nobody's page waits for one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models import Min, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from escalation.models import CallbackRefusals, Notification, NotificationStatus
from escalation.notifications.circuits import open_circuits
from incidents.audit.findings import read_finding
from incidents.audit.nightly import last_audit
from incidents.custody.standing import standing_values
from incidents.events.pending import SEALER
from incidents.ledger.canonical import format_at
from incidents.models import (
    Delivery,
    DeliveryState,
    Mail,
    MailState,
    Pending,
    Tick,
    Timer,
)
from incidents.sealing.asking import signer_standing
from incidents.sealing.vitals import SealingVitals, measure_sealing
from incidents.stamping.vitals import StampVitals, measure_stamps
from incidents.timers.clock import read_now
from incidents.witnessing.vitals import WitnessVitals, measure_witnesses

CONSUMERS: Final = ("intake", "router", "timers", "delivery")
STALE_AFTER: Final = timedelta(seconds=30)
# What the beat has done now and then, and how long it may be silent: a few of its turns.
CHORES: Final = {
    "audit": timedelta(hours=26),
    "calendars": timedelta(minutes=5),
    "lateness": timedelta(hours=3),
    "retention": timedelta(hours=3),
    "sealer": timedelta(minutes=1),
    "evidence": timedelta(hours=1),
    "witnesses": timedelta(minutes=2),
}
_BROKER_TIMEOUT_SECONDS: Final = 1
_UNDELIVERED: Final = (
    NotificationStatus.QUEUED,
    NotificationStatus.SENDING,
    NotificationStatus.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Vitals:
    """How late things are, in seconds; None where nothing waits or nothing ever ran."""

    at: datetime
    chores_ran_at: dict[str, datetime | None]
    tick_age: dict[str, float | None]
    timer_lateness: float | None
    pending_age: float | None
    undelivered_age: float | None
    intake_age: float | None
    mail_age: float | None
    refused_callbacks: dict[str, int]
    open_circuits: dict[str, int]
    sealing: SealingVitals
    audited_at: datetime | None
    mismatches: list[str]
    witnesses: WitnessVitals
    standing: int
    stamps: StampVitals

    @property
    def stale(self) -> list[str]:
        """The parts of the loop that did not run lately, or never."""
        limit = STALE_AFTER.total_seconds()
        return [
            name for name, age in self.tick_age.items() if age is None or age > limit
        ]

    @property
    def stale_chores(self) -> dict[str, datetime | None]:
        """The chores that did not run lately, with when they last ran; None is never."""
        return {
            name: ran_at
            for name, ran_at in self.chores_ran_at.items()
            if ran_at is None or self.at - ran_at > CHORES[name]
        }

    @property
    def chore_age(self) -> dict[str, float | None]:
        """How long ago each chore last ran to its end."""
        return {name: _age(at, self.at) for name, at in self.chores_ran_at.items()}

    @property
    def unsealed_age(self) -> float | None:
        """How long the oldest entry that is not sealed has waited."""
        return _age(self.sealing.unsealed_since, self.at)

    @property
    def quorum_age(self) -> float | None:
        """How long ago a quorum of witnesses last vouched; None where nobody is asked."""
        return _age(self.witnesses.standing.vouched_at, self.at)

    @property
    def stamp_age(self) -> float | None:
        """How old the newest time stamp is, by its own clock; None where none is."""
        return _age(self.stamps.said_at, self.at)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer while the process lives."""
    return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the whole works, with how late things are."""
    broker = "ok" if is_broker_there() else "unreachable"
    try:
        vitals = measure(read_now())
    except (DatabaseError, InterfaceError):
        return _respond({"database": "unreachable", "broker": broker}, is_ready=False)
    return _respond(_described(vitals) | {"broker": broker}, is_ready=not vitals.stale)


def measure(now: datetime) -> Vitals:
    """Read how late things are. Raises a database error when it is gone."""
    ran_at = dict(Tick.objects.values_list("consumer", "ran_at"))
    audit = last_audit()
    return Vitals(
        at=now,
        chores_ran_at={name: ran_at.get(name) for name in CHORES},
        tick_age={name: _age(ran_at.get(name), now) for name in CONSUMERS},
        timer_lateness=_oldest(Timer.objects.filter(due_at__lte=now), "due_at", now),
        pending_age=_oldest(Pending.objects.exclude(consumer=SEALER), "since", now),
        undelivered_age=_oldest(
            Notification.objects.filter(status__in=_UNDELIVERED), "queued_at", now
        ),
        mail_age=_oldest(
            Mail.objects.filter(state=MailState.PENDING), "received_at", now
        ),
        intake_age=_oldest(
            Delivery.objects.filter(state=DeliveryState.PENDING), "received_at", now
        ),
        open_circuits=open_circuits(),
        sealing=measure_sealing(),
        audited_at=audit.ended_at if audit else None,
        mismatches=[str(read_finding(one)) for one in audit.findings] if audit else [],
        witnesses=measure_witnesses(now),
        standing=standing_values(),
        stamps=measure_stamps(),
        refused_callbacks=dict(
            CallbackRefusals.objects.values_list("provider", "count")
        ),
    )


def is_broker_there() -> bool:
    """Whether the broker answers within a second."""
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=_BROKER_TIMEOUT_SECONDS,
            socket_connect_timeout=_BROKER_TIMEOUT_SECONDS,
        ) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False


def _oldest(rows: QuerySet[Any], column: str, now: datetime) -> float | None:
    return _age(rows.aggregate(oldest=Min(column))["oldest"], now)


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else round(max((now - moment).total_seconds(), 0), 3)


def _described(vitals: Vitals) -> dict[str, Any]:
    return {
        "database": "ok",
        "stale": vitals.stale,
        "stale_chores": {
            name: at and format_at(at) for name, at in vitals.stale_chores.items()
        },
        "tick_age_seconds": vitals.tick_age,
        "oldest_due_timer_seconds": vitals.timer_lateness,
        "oldest_pending_entry_seconds": vitals.pending_age,
        "oldest_undelivered_message_seconds": vitals.undelivered_age,
        "oldest_waiting_delivery_seconds": vitals.intake_age,
        "oldest_waiting_mail_seconds": vitals.mail_age,
        "oldest_unsealed_entry_seconds": vitals.unsealed_age,
        "sealed_size": vitals.sealing.sealed_size,
        "signed_size": vitals.sealing.signed_size,
        "record_broken": vitals.sealing.broken,
        "record_mismatches": vitals.mismatches,
        "signer": signer_standing(),
        "unsigned_because": vitals.sealing.refused_why,
        "cosigned_size": vitals.witnesses.cosigned_size,
        "quorum_age_seconds": vitals.quorum_age,
        "quorum_missed": vitals.witnesses.is_missed,
        "awaited_witnesses": list(vitals.witnesses.awaited),
        "witnesses": vitals.witnesses.who_vouches,
        "witnesses_failing": vitals.witnesses.failing,
        "time_stamp_authorities": vitals.stamps.active,
        "time_stamp_authorities_failing": sorted(vitals.stamps.failing),
        "time_stamp_clocks_apart_seconds": vitals.stamps.apart,
        "newest_time_stamp_seconds": vitals.stamp_age,
        "open_circuits": vitals.open_circuits,
        "erased_values_standing": vitals.standing,
    }


def _respond(body: dict[str, Any], *, is_ready: bool) -> JsonResponse:
    shown = {"status": "ready" if is_ready else "not ready", **body}
    headers = {"Cache-Control": "no-store"}
    if not is_ready:
        headers["Retry-After"] = "2"
    return JsonResponse(shown, status=200 if is_ready else 503, headers=headers)
