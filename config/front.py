"""What stands in front of Django: takes requests in, answers webhooks, calls the site.

The web server (granian) hands each request over as soon as its head has come, by its
own protocol, RSGI. One event loop takes in the bodies and answers webhooks and the
compatible surfaces. Only a request of the site that has come whole is given a thread, and
a large file of somebody who may send it. So slow senders cost memory, which is bounded,
and hold up nobody.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any, Final, Protocol, TypeVar

import structlog
from django.conf import settings

from config.anonymity import PREFIX
from config.bodies import (
    SMALL_BYTES,
    Body,
    FlowingBody,
    NoRoom,
    Pace,
    Room,
    Stream,
    TooSlow,
    declared_bytes,
    read_body,
    spool_body,
)
from config.body_limit import limit_of
from config.environ import environ_of
from config.hooks import (
    HEARTBEAT,
    RETRY_AFTER_SECONDS,
    Address,
    Answer,
    Environ,
    peer_in,
    read_address,
    say,
    say_of_sign,
    say_of_welcome,
    to_store,
    unavailable,
)
from config.site_threads import Application, Busy, Page, SiteThreads
from config.surfaces import reply_to, to_keep, unavailable_at
from config.uploads import takes_files
from incidents.anonymous.uploads import MAX_BODY_BYTES
from incidents.incident.transfers import LARGE_BYTES
from incidents.intake.arrivals import Arrival
from incidents.intake.checking import Answer as Told
from incidents.intake.heartbeats.ping import Pinged
from incidents.intake.surfaces.base import Reply, Surface
from incidents.intake.surfaces.table import surface_for
from incidents.intake.welcome import Welcome, welcome_request

T = TypeVar("T")
Store = Callable[[Arrival], Awaitable[Told]]
Ping = Callable[[str], Pinged]
Ask = Callable[..., Welcome]

# A webhook is small; a file may come through a slow network of relays.
HOOK_PACE: Final = Pace(grace_seconds=10, bytes_a_second=64 * 1024)
SITE_PACE: Final = Pace(grace_seconds=30, bytes_a_second=4 * 1024)
# Of bodies over 64 KiB that are on their way; smaller ones are bounded by the number of
# requests that the web server lets in.
HOOK_ROOM_BYTES: Final = 64 * 1024 * 1024
SITE_ROOM_BYTES: Final = 256 * 1024 * 1024
REPORT_ROOM_BYTES: Final = 4 * MAX_BODY_BYTES
# A file larger than this goes to its thread as it comes; the site bounds how many do.
FLOWING_BYTES: Final = LARGE_BYTES

log = structlog.get_logger(__name__)


class Channel(Stream, Protocol):
    """One request of the web server's, and the way to answer it."""

    def response_bytes(
        self, status: int, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        """Send an answer."""

    def response_file(
        self, status: int, headers: list[tuple[str, str]], file: str
    ) -> None:
        """Send a file as the answer."""


class Front:
    """The application that the web server runs."""

    def __init__(
        self,
        site: Application,
        *,
        store: Store,
        ping: Ping,
        threads: int,
        ask: Ask = welcome_request,
        hook_pace: Pace = HOOK_PACE,
    ) -> None:
        self._threads = SiteThreads(site, count=threads)
        self._store = store
        self._ping = ping
        self._ask = ask
        self._hook_pace = hook_pace
        self._hook_room = Room(HOOK_ROOM_BYTES)
        self._site_room = Room(SITE_ROOM_BYTES)
        self._report_room = Room(REPORT_ROOM_BYTES)

    async def __rsgi__(self, scope: Any, channel: Channel) -> None:
        """Answer one request."""
        environ = environ_of(scope)
        try:
            page = await self._answer(environ, channel)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("request_not_answered")
            page = _plain(500, "An error of ours; it has been noted.")
        if page.file:
            channel.response_file(page.status, page.headers, page.file)
        else:
            channel.response_bytes(page.status, page.headers, page.data)

    async def _answer(self, environ: Environ, stream: Stream) -> Page:
        if environ["PATH_INFO"].lstrip("/").startswith("hooks/"):
            answer = await _or_else(self._hook(environ, stream), unavailable)
            return _page_of_answer(answer, environ)
        surface = surface_for(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if surface is not None:
            asked = self._surface(environ, stream, surface)
            return _page_of_reply(
                await _or_else(asked, lambda: unavailable_at(surface))
            )
        try:
            return await self._page(environ, stream)
        except TooSlow:
            return _plain(408, "The request did not come in time.")
        except (NoRoom, Busy):
            return _plain(503, "Too many requests at once; try again soon.")

    async def _hook(self, environ: Environ, stream: Stream) -> Answer:
        address = read_address(environ)
        if isinstance(address, Answer):
            return address
        if address.is_asked:
            return await self._welcome(environ, address)
        try:
            body = await self._body(environ, stream)
            if address.tool == HEARTBEAT and body.is_complete:
                key = address.key
                return say_of_sign(await self._threads.run(lambda: self._ping(key)))
        except (TooSlow, NoRoom, Busy):
            return unavailable()
        asked = to_store(environ, address, body)
        if isinstance(asked, Answer):
            return asked
        return say(await self._store(asked.arrival), asked.stored)

    async def _welcome(self, environ: Environ, address: Address) -> Answer:
        """Say whether a sender that asks may send here."""
        tool, key, peer = address.tool, address.key, peer_in(environ)
        try:
            told = await self._threads.run(lambda: self._ask(tool, key, address=peer))
        except Busy:
            return unavailable()
        return say_of_welcome(told, environ)

    async def _surface(
        self, environ: Environ, stream: Stream, surface: Surface
    ) -> Reply:
        try:
            body = await self._body(environ, stream)
            is_large = body.size_bytes > SMALL_BYTES
            kept = await self._worked(
                lambda: to_keep(environ, surface, body), is_large=is_large
            )
            if isinstance(kept, Reply):
                return kept
            told = await self._store(kept.arrival)
            return await self._worked(lambda: reply_to(told, kept), is_large=is_large)
        except (TooSlow, NoRoom, Busy):
            return unavailable_at(surface)

    async def _worked(self, work: Callable[[], T], *, is_large: bool) -> T:
        """Do what reads a body; with a large one it would hold up the loop."""
        return await self._threads.run(work) if is_large else work()

    async def _body(self, environ: Environ, stream: Stream) -> Body:
        """Take in the body of a webhook. Raises TooSlow, NoRoom."""
        declared = declared_bytes(environ.get("CONTENT_LENGTH"))
        limit = settings.MAX_DELIVERY_BYTES
        with self._hook_room.share() as share:
            return await read_body(
                stream,
                declared=declared,
                limit=limit,
                pace=self._hook_pace,
                share=share,
            )

    async def _page(self, environ: Environ, stream: Stream) -> Page:
        """Have the site answer. Raises TooSlow, NoRoom, Busy.

        What announces no size, or too large a one, is refused by it unread.
        """
        declared = declared_bytes(environ.get("CONTENT_LENGTH")) or 0
        if not declared or declared > limit_of(environ["PATH_INFO"]):
            environ["wsgi.input"] = BytesIO()
            return await self._threads.answer(environ)
        if declared > FLOWING_BYTES and takes_files(environ["PATH_INFO"]):
            return await self._take_file(environ, stream)
        # What a reporter sends is never on a disk in clear.
        is_secret = environ["PATH_INFO"].startswith(PREFIX)
        room = self._report_room if is_secret else self._site_room
        with room.share() as share:
            body = await spool_body(
                stream,
                declared=declared,
                pace=SITE_PACE,
                share=share,
                is_secret=is_secret,
            )
            with body:
                environ["wsgi.input"] = body
                return await self._threads.answer(environ)

    async def _take_file(self, environ: Environ, stream: Stream) -> Page:
        flowing = FlowingBody(stream, pace=SITE_PACE)
        environ["wsgi.input"] = flowing
        try:
            return await self._threads.answer(environ)
        finally:
            await flowing.close()


async def _or_else(asked: Awaitable[T], trouble: Callable[[], T]) -> T:
    """Return what a sender is told: after a fault of ours, to send it again.

    Most drop for ever what is answered 500.
    """
    try:
        return await asked
    except Exception as error:
        # The error's own text can quote the body: only its class and place are logged.
        place = traceback.extract_tb(error.__traceback__)[-1]
        kind, where = type(error).__name__, f"{place.name}, line {place.lineno}"
        log.error("delivery_not_answered", error=kind, where=where)  # noqa: TRY400  as above
        return trouble()


def _page_of_answer(answer: Answer, environ: Environ) -> Page:
    data = answer.data
    headers = [
        ("Content-Type", answer.media_type),
        ("Content-Length", str(len(data))),
        ("Cache-Control", "no-store"),
        *answer.headers,
    ]
    is_head = environ["REQUEST_METHOD"] == "HEAD"
    return Page(answer.status.value, headers, b"" if is_head else data)


def _page_of_reply(reply: Reply) -> Page:
    headers = [
        ("Content-Type", reply.media_type),
        ("Content-Length", str(len(reply.body))),
        ("Cache-Control", "no-store"),
        *reply.headers,
    ]
    return Page(int(reply.status), headers, reply.body)


def _plain(status: int, text: str) -> Page:
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    if status == 503:  # noqa: PLR2004  Service Unavailable
        headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
    return Page(status, headers, f"{text}\n".encode())
