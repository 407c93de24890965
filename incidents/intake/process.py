"""Work through raw deliveries: claim a batch, read each with its adapter, apply the news.

A batch is one transaction. An unreadable delivery is marked and disturbs no other; when
the batch as a whole fails, it is tried again in halves until the culprit stands alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError

from incidents.events.record import recording
from incidents.intake.adapters.base import (
    ParsedAlert,
    ParsedDelivery,
    Unreadable,
    one_line,
)
from incidents.intake.adapters.times import event_time
from incidents.intake.alerts import Overtaken
from incidents.intake.claims import (
    Claimed,
    Outcome,
    claim_deliveries,
    claim_these,
    write_outcomes,
)
from incidents.intake.grouping import apply_news
from incidents.intake.handling import expiry_of, grouped
from incidents.intake.models import DeliveryState, Source
from incidents.intake.news import FIRING, News, hashed
from incidents.intake.reading import Reader
from incidents.intake.tallies import count_settled

BATCH_DELIVERIES: Final = 400
MAX_ATTEMPTS: Final = 3
MAX_OVERTAKEN: Final = 10
MAX_ERROR: Final = 1000

log = structlog.get_logger(__name__)

Claim = Callable[[], list[Claimed]]


@dataclass(slots=True)
class _Reading:
    """What a batch of deliveries says."""

    news: list[News] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


def process_batch(now: datetime) -> int:
    """Process waiting deliveries of all organisations in turn; returns how many.

    Zero means that nothing was waiting that no other worker holds. Each attempt is a
    transaction of its own.
    """
    for _ in range(MAX_OVERTAKEN):
        claimed: list[Claimed] = []

        def claim(kept: list[Claimed] = claimed) -> list[Claimed]:
            kept.extend(claim_deliveries(BATCH_DELIVERIES, now=now))
            return kept

        try:
            _process(claim, now)
        except Overtaken:
            continue
        except Exception as error:
            if is_databases_trouble(error):
                raise
            _log_failure(error, claimed)
            _process_apart([delivery.id for delivery in claimed], now)
        return len(claimed)
    raise OperationalError("Other workers kept changing the same alerts.")


def is_databases_trouble(error: Exception) -> bool:
    """Whether trying again later may help; any other error is a delivery's own.

    Class 54 (a limit of the server is exceeded) comes from what a row holds.
    """
    sqlstate = getattr(error.__cause__, "sqlstate", None) or ""
    is_theirs = isinstance(error, (OperationalError, InterfaceError))
    return is_theirs and not sqlstate.startswith("54")


def _process(claim: Claim, now: datetime) -> None:
    with recording(now):
        claimed = claim()
        if not claimed:
            return
        ids = {delivery.source_id for delivery in claimed}
        sources = Source.objects.select_related("organisation").in_bulk(ids)
        reading = _read(claimed, sources)
        apply_news(reading.news, sources, now=now)
        write_outcomes(reading.outcomes, now=now)
        count_settled(claimed, reading.outcomes)


def _process_apart(ids: Sequence[int], now: datetime) -> None:
    """Process in halves, so that one delivery that fails does not hold up the others."""
    middle = len(ids) // 2
    for part in (ids[:middle], ids[middle:]) if middle else (ids,):
        try:
            _process(lambda part=part: claim_these(part), now)  # type: ignore[misc]  # bound now
        except Overtaken:
            raise
        except Exception as error:
            if is_databases_trouble(error):
                raise
            if len(part) > 1:
                _process_apart(part, now)
            else:
                _count_failure(part, error, now)


def _count_failure(ids: Sequence[int], error: Exception, now: datetime) -> None:
    with recording(now):
        claimed = claim_these(ids)
        _log_failure(error, claimed)
        outcomes = [_failed(delivery, error) for delivery in claimed]
        write_outcomes(outcomes, now=now)
        count_settled(claimed, outcomes)


def _read(claimed: Sequence[Claimed], sources: dict[int, Source]) -> _Reading:
    reading, reader = _Reading(), Reader()
    for delivery in claimed:
        try:
            parsed = reader.read(delivery, sources[delivery.source_id])
        except Unreadable as error:
            outcome = Outcome(
                delivery.id, DeliveryState.UNREADABLE, error=_sentence(str(error))
            )
            reading.outcomes.append(outcome)
        except Exception as error:  # an adapter's own fault
            _log_failure(error, [delivery])
            reading.outcomes.append(_failed(delivery, error))
        else:
            source = sources[delivery.source_id]
            reading.news.extend(_news_of(delivery, parsed, source))
            reading.outcomes.append(_outcome(delivery, parsed))
    return reading


def _news_of(delivery: Claimed, parsed: ParsedDelivery, source: Source) -> list[News]:
    """Return what the delivery says.

    A trial that a tool marks as such is read, to show that it arrives, and opens nothing.
    """
    if parsed.is_test:
        return []
    alerts = [grouped(alert, source.group_by) for alert in parsed.alerts]
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
        for place, alert in enumerate(alerts)
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


def _failed(delivery: Claimed, error: Exception) -> Outcome:
    attempts = delivery.attempts + 1
    is_last = attempts >= MAX_ATTEMPTS
    return Outcome(
        delivery.id,
        DeliveryState.UNREADABLE if is_last else DeliveryState.PENDING,
        attempts=attempts,
        error=f"It could not be processed: {type(error).__name__}." if is_last else "",
    )


def _sentence(text: str) -> str:
    return one_line(text, limit=MAX_ERROR)


def _log_failure(error: Exception, claimed: Sequence[Claimed]) -> None:
    # The error's own text can quote the body: only its class is logged.
    ids = [delivery.id for delivery in claimed[:10]]
    kind = type(error).__name__
    log.warning("deliveries_failed", error=kind, count=len(claimed), first=ids)
