"""Read claimed deliveries with their adapters: what they say, and what becomes of each.

What one transaction takes in is bounded in alerts, not only in deliveries: a body of
half a megabyte can hold twenty thousand. One that holds many is set aside, to be read
alone after the others and in slices; how far it has come stands in its row.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import InternalError, ProgrammingError

from incidents.errors import BadConfiguration
from incidents.intake.adapters.base import (
    ParsedAlert,
    ParsedDelivery,
    Unreadable,
    one_line,
)
from incidents.intake.adapters.times import event_time
from incidents.intake.claims import Claimed, Outcome
from incidents.intake.handling import expiry_of, grouped
from incidents.intake.models import DeliveryState, Source
from incidents.intake.news import FIRING, News, hashed
from incidents.intake.reading import Reader

MAX_ALERTS: Final = 2_000
# A delivery with more alerts goes alone. What tools send by themselves has fewer.
LARGE_ALERTS: Final = 500
# How long a delivery that failed waits before it is tried again; then it is unreadable.
RETRY_AFTER: Final = (
    timedelta(seconds=1),
    timedelta(seconds=10),
    timedelta(seconds=60),
)
# What was said of an alert that an older delivery may bring is looked at again.
LOOK_AGAIN: Final = timedelta(seconds=1)
MAX_ERROR: Final = 1000

# What no delivery can be blamed for: the installation is at fault, or has no room.
OURS: Final = (
    BadConfiguration,
    InternalError,
    MemoryError,
    OSError,
    ProgrammingError,
)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Reading:
    """What deliveries say; those without outcome stay as they are.

    `large` are to be read alone, those first of which least has been taken in.
    """

    now: datetime
    news: list[News] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    large: list[Claimed] = field(default_factory=list)
    reader: Reader = field(default_factory=Reader)


def read_together(
    claimed: Sequence[Claimed], sources: Mapping[int, Source], *, now: datetime
) -> Reading:
    """Read deliveries in the order given, until their alerts fill a transaction.

    What comes behind a large one of the same source waits until that is read.
    """
    reading = Reading(now)
    for delivery in _without_followers(claimed, reading.large):
        if len(reading.news) >= MAX_ALERTS:
            break
        parsed = _parsed_or_failed(delivery, sources, reading)
        if parsed is None:
            continue
        if len(parsed.alerts) > LARGE_ALERTS:
            reading.large.append(delivery)
            continue
        source = sources[delivery.source_id]
        reading.news += _news_of(delivery, parsed, source, most=LARGE_ALERTS)
        reading.outcomes.append(_outcome(delivery, parsed))
    reading.large.sort(key=lambda delivery: delivery.alert_count)
    return reading


def read_slice(
    claimed: Sequence[Claimed], sources: Mapping[int, Source], *, now: datetime
) -> Reading:
    """Read the next slice of each of these; large ones come one at a time."""
    reading = Reading(now)
    for delivery in claimed:
        parsed = _parsed_or_failed(delivery, sources, reading)
        if parsed is None:
            continue
        done = delivery.alert_count
        source = sources[delivery.source_id]
        reading.news += _news_of(delivery, parsed, source, most=MAX_ALERTS)
        if len(parsed.alerts) > done + MAX_ALERTS and not parsed.is_test:
            begun = Outcome(
                delivery.id,
                DeliveryState.PENDING,
                attempts=delivery.attempts,
                alert_count=done + MAX_ALERTS,
            )
            reading.outcomes.append(begun)
        else:
            reading.outcomes.append(_outcome(delivery, parsed))
    return reading


def waiting_for_older(
    outcomes: Iterable[Outcome], untold: Collection[int], *, now: datetime
) -> list[Outcome]:
    """Return the outcomes, but of these deliveries that they wait for older ones."""
    again = now + LOOK_AGAIN
    return [
        replace(
            outcome,
            state=DeliveryState.PENDING,
            alert_count=0,
            retry_at=again,
        )
        if outcome.delivery_id in untold
        else outcome
        for outcome in outcomes
    ]


def failed(delivery: Claimed, error: Exception, *, now: datetime) -> Outcome:
    """Return what becomes of a delivery that could not be processed this time."""
    if delivery.attempts >= len(RETRY_AFTER):
        return Outcome(
            delivery.id,
            DeliveryState.UNREADABLE,
            attempts=delivery.attempts + 1,
            error=f"It could not be processed: {type(error).__name__}.",
        )
    return put_off(
        delivery,
        until=now + RETRY_AFTER[delivery.attempts],
        attempts=delivery.attempts + 1,
    )


def put_off(delivery: Claimed, *, until: datetime, attempts: int) -> Outcome:
    """Return that a delivery waits on."""
    return Outcome(
        delivery.id,
        DeliveryState.PENDING,
        attempts=attempts,
        alert_count=delivery.alert_count,
        retry_at=until,
    )


def log_failure(error: Exception, claimed: Sequence[Claimed]) -> None:
    """Log that deliveries failed, for whatever reason."""
    # The error's own text can quote the body: only its class is logged.
    ids = [delivery.id for delivery in claimed[:10]]
    kind = type(error).__name__
    log.warning("deliveries_failed", error=kind, count=len(claimed), first=ids)


def _without_followers(
    claimed: Sequence[Claimed], large: list[Claimed]
) -> Iterator[Claimed]:
    """Yield those that no large one of their source comes before.

    A large one that has been begun is known by that, and not read only to find it large.
    """
    for delivery in claimed:
        if any(other.source_id == delivery.source_id for other in large):
            continue
        if delivery.alert_count:
            large.append(delivery)
            continue
        yield delivery


def _parsed_or_failed(
    delivery: Claimed, sources: Mapping[int, Source], reading: Reading
) -> ParsedDelivery | None:
    """Return what the delivery says; None when its outcome is that it cannot be read."""
    try:
        return reading.reader.read(delivery, sources[delivery.source_id])
    except Unreadable as error:
        reason = _sentence(str(error))
        outcome = Outcome(delivery.id, DeliveryState.UNREADABLE, error=reason)
    except OURS:
        raise
    except Exception as error:  # an adapter's own fault
        log_failure(error, [delivery])
        outcome = failed(delivery, error, now=reading.now)
    reading.outcomes.append(outcome)
    return None


def _news_of(
    delivery: Claimed, parsed: ParsedDelivery, source: Source, *, most: int
) -> list[News]:
    """Return what the delivery says beyond what has been taken in of it.

    A trial that a tool marks as such is read, to show that it arrives, and opens nothing.
    """
    if parsed.is_test:
        return []
    begin = delivery.alert_count
    alerts = parsed.alerts[begin : begin + most]
    return [
        News(
            source_id=delivery.source_id,
            delivery_id=delivery.id,
            place=place,
            received_at=delivery.received_at,
            event_at=event_time(alert.event_at, received_at=delivery.received_at),
            dedup=alert.dedup_digest or hashed(alert.dedup_key),
            group=hashed(alert.group_key or alert.dedup_key),
            alert=alert,
            expires_at=_expiry(alert, source, delivery),
            is_replay=delivery.replays > 0,
            was_told=delivery.was_processed,
            is_timed=alert.event_at is not None,
        )
        for place, alert in enumerate(
            (grouped(alert, source.group_by) for alert in alerts), start=begin
        )
    ]


def _expiry(alert: ParsedAlert, source: Source, delivery: Claimed) -> datetime | None:
    if alert.status != FIRING:
        return None
    return expiry_of(
        alert.expires_at,
        minutes=source.expires_after_minutes,
        received_at=delivery.received_at,
    )


def _outcome(delivery: Claimed, parsed: ParsedDelivery) -> Outcome:
    if parsed.ignored and not parsed.alerts:
        reason = _sentence(parsed.ignored)
        return Outcome(delivery.id, DeliveryState.IGNORED, error=reason)
    return Outcome(
        delivery.id,
        DeliveryState.PROCESSED,
        error=_sentence(parsed.refused),
        alert_count=len(parsed.alerts),
    )


def _sentence(text: str) -> str:
    return one_line(text, limit=MAX_ERROR)
