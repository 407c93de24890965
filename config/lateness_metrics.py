"""Tells Prometheus how late timers and messages went, as a histogram and of late."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from incidents.timers.histogram import BEYOND, BOUNDS_MS, quantile_ms
from incidents.timers.lateness import Summary, by_kind

# The gauges tell of this time, so that they fall again.
RECENT: Final = timedelta(minutes=5)
QUANTILES: Final = (0.5, 0.99)
_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)


def lateness_lines(now: datetime) -> Iterator[str]:
    """Yield the lines of both metrics. Raises a database error when it is gone."""
    yield "# HELP tocsin_lateness_seconds How late timers and messages went, by kind."
    yield "# TYPE tocsin_lateness_seconds histogram"
    for what, summary in sorted(by_kind(_EVER).items()):
        yield from _histogram(what, summary)
    yield "# HELP tocsin_recent_lateness_seconds The same of the last five minutes."
    yield "# TYPE tocsin_recent_lateness_seconds gauge"
    for what, summary in sorted(by_kind(now - RECENT).items()):
        yield from _recent(what, summary)


def _histogram(what: str, summary: Summary) -> Iterator[str]:
    name, passed = "tocsin_lateness_seconds", 0
    for bucket, bound_ms in enumerate(BOUNDS_MS):
        passed += summary.counts.get(bucket, 0)
        yield f'{name}_bucket{{what="{what}",le="{bound_ms / 1_000}"}} {passed}'
    passed += summary.counts.get(BEYOND, 0)
    yield f'{name}_bucket{{what="{what}",le="+Inf"}} {passed}'
    yield f'{name}_sum{{what="{what}"}} {summary.total_ms / 1_000}'
    yield f'{name}_count{{what="{what}"}} {passed}'


def _recent(what: str, summary: Summary) -> Iterator[str]:
    name = "tocsin_recent_lateness_seconds"
    for share in QUANTILES:
        bound_ms = quantile_ms(summary.counts, share)
        shown = "+Inf" if bound_ms is None else bound_ms / 1_000
        yield f'{name}{{what="{what}",quantile="{share}"}} {shown}'
    yield f'{name}{{what="{what}",quantile="1"}} {summary.max_ms / 1_000}'
