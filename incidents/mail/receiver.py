"""Take mail over SMTP or LMTP. 250 after the data means: committed to PostgreSQL.

Whatever is unknown is answered 451, so that the relay keeps the mail and comes again; a
copy that was stored after all is told by what it says (`process.py`).
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import close_old_connections

from incidents.anonymous.buckets import Busy
from incidents.mail.addresses import Addressee, find_addressee, mail_domain
from incidents.mail.source_addresses import find_source
from incidents.mail.storing import keep_mail, take_mail
from incidents.timers.clock import read_now

PORT: Final = 8024
MAX_SESSIONS: Final = 64
# Bodies that are in memory at once: this many times the size limit.
MAX_BODIES: Final = 4
MAX_RECIPIENTS: Final = 20
MAX_UNKNOWN: Final = 10
MAX_LINE_BYTES: Final = 64 * 1024
# For a command, and anew for a body. RFC 5321 §4.5.3.2 asks for as much of a server.
IDLE_SECONDS: Final = 300.0
_THREADS: Final = 4

OK: Final = "250 2.0.0 Stored as {uid}"
NO_SUCH_ADDRESS: Final = "550 5.1.1 Nobody takes mail at this address"
TOO_MANY_UNKNOWN: Final = "421 4.7.0 Too many unknown addresses"
TOO_MANY_RECIPIENTS: Final = "452 4.5.3 Send the other recipients apart"
TOO_OFTEN: Final = "451 4.7.1 Too much mail; try again in {seconds} s"
UNAVAILABLE: Final = "451 4.3.0 It could not be stored; try again"
TOO_BUSY: Final = "421 4.3.2 Too many connections; try again"
NOT_A_RELAY: Final = "554 5.7.1 Not one of the relays that may hand mail in"

log = structlog.get_logger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class _Chosen:
    """What one transaction of a session has gathered."""

    addressees: list[Addressee] = field(default_factory=list)


class MailHandler:
    """Answer what a relay asks; all work on the database is done in threads."""

    def __init__(self, *, most_recipients: int) -> None:
        self._most_recipients = most_recipients
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="mail")

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name and arguments)
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: Sequence[str],
    ) -> str:
        """Say whether mail to this address is taken, now."""
        if len(envelope.rcpt_tos) >= self._most_recipients:
            return TOO_MANY_RECIPIENTS
        try:
            addressee = await self._in_thread(_admit, address, envelope.mail_from or "")
        except Busy as busy:
            log.info("mail_too_often", wait_seconds=busy.retry_after_seconds)
            return TOO_OFTEN.format(seconds=busy.retry_after_seconds)
        except Exception as error:
            log.warning("mail_not_admitted", error=type(error).__name__)
            return UNAVAILABLE
        if addressee is None:
            return _count_unknown(session)
        _chosen_in(envelope).addressees.append(addressee)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802  (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Store the mail, and only then say so."""
        content = envelope.original_content or b""
        try:
            uid = await self._in_thread(
                _store,
                _chosen_in(envelope).addressees,
                bytes(content),
                envelope.mail_from or "",
            )
        except Exception as error:
            log.warning("mail_not_stored", error=type(error).__name__)
            return UNAVAILABLE
        return OK.format(uid=uid)

    async def handle_exception(self, error: Exception) -> str:
        """Answer an error of ours as one that passes: the relay keeps its mail."""
        log.warning("mail_session_failed", error=type(error).__name__)
        return UNAVAILABLE

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, _with_connection, work, arguments)


class _Limits:
    """Add to aiosmtpd what it does not limit: sessions, bodies at once, who may come."""

    line_length_limit = MAX_LINE_BYTES
    house: "House"

    def connection_made(self, transport: Any) -> None:
        """Turn a stranger away, and whoever comes when the house is full."""
        refusal = self.house.refusal_for(transport.get_extra_info("peername"))
        if refusal:
            log.info("mail_connection_refused", answer=refusal[:3])
            transport.write(f"{refusal}\r\n".encode("ascii"))
            transport.close()
            return
        self.house.sessions.add(id(self))
        super().connection_made(transport)  # type: ignore[misc]  # a mixin of SMTP

    def connection_lost(self, error: Exception | None) -> None:
        """Free the place of this session."""
        if id(self) in self.house.sessions:
            self.house.sessions.discard(id(self))
            super().connection_lost(error)  # type: ignore[misc]  # a mixin of SMTP

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  (aiosmtpd's name)
        """Take a body when there is room for it in memory."""
        async with self.house.room:
            self._reset_timeout()  # type: ignore[attr-defined]  # a mixin of SMTP
            await super().smtp_DATA(arg)  # type: ignore[misc]  # a mixin of SMTP


class _Smtp(_Limits, SMTP):
    """SMTP within our limits."""


class _Lmtp(_Limits, LMTP):
    """LMTP within our limits; one recipient at a time, so that one answer is enough."""


class House:
    """One listening receiver: its sessions, and the room for bodies."""

    def __init__(self) -> None:
        self.sessions: set[int] = set()
        self.room = asyncio.Semaphore(MAX_BODIES)
        self._relays = [ip_network(area) for area in settings.MAIL_RELAYS]

    def refusal_for(self, peer: Any) -> str:
        """Return the answer for who may not come in now; nothing for who may."""
        if len(self.sessions) >= MAX_SESSIONS:
            return TOO_BUSY
        came_from = ip_address(str(peer[0]).partition("%")[0])
        mapped = getattr(came_from, "ipv4_mapped", None) or came_from
        return "" if any(mapped in area for area in self._relays) else NOT_A_RELAY


async def listen(address: str) -> asyncio.AbstractServer:
    """Listen at lmtp://host:port or smtp://host:port."""
    parts = urlsplit(address)
    is_lmtp = parts.scheme == "lmtp"
    house = House()
    handler = MailHandler(most_recipients=1 if is_lmtp else MAX_RECIPIENTS)
    loop = asyncio.get_running_loop()

    def session() -> asyncio.Protocol:
        kind = _Lmtp if is_lmtp else _Smtp
        protocol = kind(
            handler,
            data_size_limit=settings.MAX_MAIL_BYTES,
            enable_SMTPUTF8=True,
            hostname=mail_domain(),
            ident="Tocsin",
            timeout=IDLE_SECONDS,
            loop=loop,
        )
        protocol.house = house
        return protocol

    return await loop.create_server(session, parts.hostname, parts.port or PORT)


def _admit(address: str, envelope_from: str) -> Addressee | None:
    now = read_now()
    addressee = find_source(address) or find_addressee(address, now=now)
    if addressee is not None:
        take_mail(addressee, envelope_from=envelope_from, now=now)
    return addressee


def _store(addressees: Sequence[Addressee], raw: bytes, envelope_from: str) -> str:
    now = read_now()
    return str(keep_mail(addressees, raw, envelope_from=envelope_from, now=now))


def _with_connection(work: Callable[..., T], arguments: Sequence[Any]) -> T:
    close_old_connections()
    try:
        return work(*arguments)
    finally:
        close_old_connections()


def _count_unknown(session: Session) -> str:
    count = getattr(session, "unknown_count", 0) + 1
    session.unknown_count = count  # type: ignore[attr-defined]  # aiosmtpd lets handlers add
    log.info("mail_address_unknown", count=count)
    return NO_SUCH_ADDRESS if count < MAX_UNKNOWN else TOO_MANY_UNKNOWN


def _chosen_in(envelope: Envelope) -> _Chosen:
    """Return what was gathered for this envelope; aiosmtpd makes a new one each time."""
    if not hasattr(envelope, "chosen"):
        envelope.chosen = _Chosen()  # type: ignore[attr-defined]  # aiosmtpd lets handlers add
    chosen: _Chosen = envelope.chosen  # type: ignore[attr-defined]  # set above
    return chosen
