"""What the web server runs: webhooks in front, the site behind them."""

import contextlib
import resource
from typing import Final

import structlog

from config.niceness import be_nice
from config.wsgi import application as site  # sets Django up

# Where processors are scarce, timers and messages go before requests: a storm of
# webhooks takes what they leave. Alone, a process is no slower for it.
NICENESS: Final = 5

be_nice(NICENESS)
with contextlib.suppress(OSError, ValueError):
    # Each connection is an open file, and slow senders have many.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

from django.conf import settings  # noqa: E402  the site sets Django up

from config.front import Front  # noqa: E402  as above
from escalation.notifications.channels.guarded_get import get  # noqa: E402  as above
from escalation.oncall.importing import NotFetched  # noqa: E402  as above
from incidents.intake.arrivals import Arrival, Told  # noqa: E402  as above
from incidents.intake.certificates import MAX_BYTES  # noqa: E402  as above
from incidents.intake.checking import Answer, Checker  # noqa: E402  as above
from incidents.intake.heartbeats.ping import take_request  # noqa: E402  as above
from incidents.intake.writer import process_writer  # noqa: E402  as above

log = structlog.get_logger(__name__)


def fetch(address: str) -> bytes | None:
    """Fetch a certificate of a sender, or what confirms a subscription."""
    try:
        return get(address, MAX_BYTES, accept="*/*")
    except NotFetched as error:
        log.warning("not_fetched_for_a_sender", error=str(error))
        return None


def _store(arrival: Arrival) -> Told:
    return process_writer().store(arrival)


async def _store_in_loop(arrival: Arrival) -> Told:
    return await process_writer().store_in_loop(arrival)


checker = Checker(_store, fetch=fetch)


async def store(arrival: Arrival) -> Answer:
    """Check an arrival and store it in a commit that it shares with others."""
    return await checker.store_in_loop(arrival, _store_in_loop)


application = Front(site, store=store, ping=take_request, threads=settings.WEB_THREADS)
