"""Work through raw deliveries: claim a batch, read each with its adapter, apply the news.

A batch is one transaction. An unreadable delivery is marked and disturbs no other; when
the batch as a whole fails, it is tried again in halves until the culprit stands alone.
A delivery is blamed only for what can be its own fault, and not for what stops all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError

from incidents.events.record import recording
from incidents.intake.alerts import Overtaken
from incidents.intake.batch_reading import (
    OURS,
    Reading,
    failed,
    log_failure,
    put_off,
    read_slice,
    read_together,
    waiting_for_older,
)
from incidents.intake.claims import (
    Claimed,
    Outcome,
    claim_deliveries,
    claim_these,
    those_behind,
    write_outcomes,
)
from incidents.intake.grouping import apply_news
from incidents.intake.models import DeliveryState, Source
from incidents.intake.news import REMARKS
from incidents.intake.tallies import count_settled

BATCH_DELIVERIES: Final = 400
MAX_OVERTAKEN: Final = 10
# Slices of large deliveries that are read after each batch.
MAX_SLICES: Final = 2
# A delivery beside which others fare well, and that fails by what looks our fault.
PUT_OFF: Final = timedelta(minutes=1)

Claim = Callable[[], list[Claimed]]


class _Read(Protocol):
    def __call__(
        self,
        claimed: Sequence[Claimed],
        sources: Mapping[int, Source],
        *,
        now: datetime,
    ) -> Reading: ...


@dataclass(slots=True)
class _Trial:
    """What came of trying the parts of a batch: who failed, and whether any news took."""

    failures: dict[int, Exception] = field(default_factory=dict)
    has_news: bool = False


def process_batch(now: datetime) -> int:
    """Process waiting deliveries of all organisations in turn; returns how many.

    Zero means that nothing was waiting that no other worker holds. Each attempt is a
    transaction of its own. Raises what is no delivery's fault, and leaves them waiting.
    """
    for _ in range(MAX_OVERTAKEN):
        claimed: list[Claimed] = []

        def claim(kept: list[Claimed] = claimed) -> list[Claimed]:
            kept.extend(claim_deliveries(BATCH_DELIVERIES, now=now))
            return kept

        try:
            for delivery in _process(claim, now).large[:MAX_SLICES]:
                _process_slice(delivery, now)
        except Overtaken:
            continue
        except Exception as error:
            if is_databases_trouble(error):
                raise
            log_failure(error, claimed)
            _process_apart([delivery.id for delivery in claimed], now)
        return len(claimed)
    raise OperationalError("Other workers kept changing the same alerts.")


def is_databases_trouble(error: Exception) -> bool:
    """Whether nothing need be tried before later: the database's trouble, or no time.

    Class 54 (a limit of the server is exceeded) comes from what a row holds.
    """
    sqlstate = getattr(error.__cause__, "sqlstate", None) or ""
    is_theirs = isinstance(error, (OperationalError, InterfaceError))
    is_late = isinstance(error, SoftTimeLimitExceeded)
    return is_late or (is_theirs and not sqlstate.startswith("54"))


def _process(claim: Claim, now: datetime, *, read: _Read = read_together) -> Reading:
    with recording(now):
        claimed = claim()
        if not claimed:
            return Reading(now)
        ids = {delivery.source_id for delivery in claimed}
        sources = Source.objects.select_related("organisation").in_bulk(ids)
        reading = read(claimed, sources, now=now)
        # They were read in turn; the news is taken in the order received.
        reading.news.sort(key=lambda news: (news.delivery_id, news.place))
        behind = _remarks_behind(reading)
        untold = {
            news.delivery_id for news in apply_news(reading.news, sources, now=now)
        }
        outcomes = waiting_for_older(reading.outcomes, untold & behind, now=now)
        write_outcomes(outcomes, now=now)
        count_settled(claimed, outcomes)
        return reading


def _remarks_behind(reading: Reading) -> set[int]:
    """Return the deliveries with remarks that may be about what is still to be read.

    Must be asked before the alerts are read: whatever is not waiting now is seen then.
    """
    ids = {news.delivery_id for news in reading.news if news.alert.status in REMARKS}
    done = [
        outcome.delivery_id
        for outcome in reading.outcomes
        if outcome.state != DeliveryState.PENDING
    ]
    return those_behind(ids, done=done)


def _process_slice(delivery: Claimed, now: datetime) -> None:
    """Take in the next alerts of a large delivery, in a transaction of its own."""
    ids = [delivery.id]
    try:
        _process(lambda: claim_these(ids), now, read=read_slice)
    except Overtaken:
        raise
    except Exception as error:
        if is_databases_trouble(error):
            raise
        _settle_failures({delivery.id: error}, now)


def _process_apart(ids: Sequence[int], now: datetime) -> None:
    """Process in halves, so that one delivery that fails does not hold up the others.

    Where all of several fail alike, none is marked and the failure is raised.
    """
    trial = _Trial()
    _try_in_halves(ids, now, trial)
    errors = list(trial.failures.values())
    are_alike = len(errors) > 1 and len({type(error) for error in errors}) == 1
    is_ours = any(isinstance(error, OURS) for error in errors)
    if errors and not trial.has_news and (are_alike or is_ours):
        raise errors[0]
    _settle_failures(trial.failures, now)


def _try_in_halves(ids: Sequence[int], now: datetime, trial: _Trial) -> None:
    middle = len(ids) // 2
    for part in (ids[:middle], ids[middle:]) if middle else (ids,):
        try:
            reading = _process(lambda part=part: claim_these(part), now)  # type: ignore[misc]  # bound now
        except Overtaken:
            raise
        except Exception as error:
            if is_databases_trouble(error):
                raise
            if len(part) > 1:
                _try_in_halves(part, now, trial)
            else:
                trial.failures[part[0]] = error
        else:
            trial.has_news |= bool(reading.news)


def _settle_failures(failures: Mapping[int, Exception], now: datetime) -> None:
    """Count what a delivery can be blamed for; put off and then raise the rest."""
    if not failures:
        return
    with recording(now):
        claimed = claim_these(list(failures))
        outcomes = [
            _outcome(delivery, failures[delivery.id], now) for delivery in claimed
        ]
        write_outcomes(outcomes, now=now)
        count_settled(claimed, outcomes)
    for delivery in claimed:
        log_failure(failures[delivery.id], [delivery])
    for error in failures.values():
        if isinstance(error, OURS):
            raise error


def _outcome(delivery: Claimed, error: Exception, now: datetime) -> Outcome:
    if isinstance(error, OURS):
        return put_off(delivery, until=now + PUT_OFF, attempts=delivery.attempts)
    return failed(delivery, error, now=now)
