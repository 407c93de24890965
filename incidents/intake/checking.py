"""Check arrivals against what their source asks for, before they are stored.

The settings of sources that ask for something are kept in memory, with their secrets
unsealed. The statement that stores an arrival holds the version that it was checked
under against the row: an arrival that was checked under an older one, refused or not,
comes back with the present settings, and is checked and stored anew.
"""

import hashlib
import math
import time
import uuid
from asyncio import sleep, to_thread
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

import structlog

from incidents.errors import BadConfiguration
from incidents.intake import sns_signature
from incidents.intake.arrivals import Arrival, Settings, Told, Verdict
from incidents.intake.certificates import Certificates, Fetch
from incidents.intake.signatures import Check, Finding, Proof, examine
from incidents.intake.trust_kinds import NOT_CONFIRMED, REASONS, Reason, networks_of
from incidents.ledger.keyring import open_secret

# Before each round. The first tells what is to be checked; what is not stored by the
# second belongs to a source that is being changed just now.
PAUSES_SECONDS: Final = (0.0, 0.0, 0.1, 0.3, 0.6)
MAX_KNOWN: Final = 20_000
# Where sealed secrets belong, so that none can be moved here from another place.
SECRET_CONTEXT: Final = "source-trust"  # noqa: S105  (a place, not a secret)
# A request of which only the body is known proves nothing.
NOTHING: Final = Proof(lambda _name: None, None, "", math.inf)

log = structlog.get_logger(__name__)

# An arrival whose sender names it is stored under a uid made of that name.
Answer = Verdict | Reason | uuid.UUID


@dataclass(frozen=True, slots=True)
class _Known:
    """What a source asks for, ready to be used. Instants are Unix seconds."""

    settings: Settings
    check: Check
    former: Check | None
    former_ends_at: float
    is_old_key: bool
    old_key_ends_at: float


class Checker:
    """Stores arrivals that pass the checks of their sources."""

    def __init__(
        self, store: Callable[[Arrival], Told], *, fetch: Fetch = lambda _address: None
    ) -> None:
        self._store = store
        self._fetch = fetch
        self._certificates = Certificates(fetch)
        self._known: dict[tuple[str, bytes], _Known] = {}

    def store(self, arrival: Arrival) -> Answer:
        """Check and store an arrival, and say what became of it."""
        for seconds in PAUSES_SECONDS:
            time.sleep(seconds)
            checked = self._checked(arrival)
            answer = self._answered(arrival, checked, self._store(checked))
            if answer is not None:
                return answer
        return Verdict.UNAVAILABLE

    async def store_in_loop(
        self, arrival: Arrival, put: Callable[[Arrival], Awaitable[Told]]
    ) -> Answer:
        """Do the same in an event loop, where only what may fetch has a thread."""
        for seconds in PAUSES_SECONDS:
            if self._may_fetch(arrival):
                return await to_thread(self.store, arrival)
            await sleep(seconds)
            checked = self._checked(arrival)
            answer = self._answered(arrival, checked, await put(checked))
            if answer is not None:
                return answer
        return Verdict.UNAVAILABLE

    def _may_fetch(self, arrival: Arrival) -> bool:
        """Whether the check may ask another server: for a certificate, or a handshake."""
        known = self._known.get((arrival.tool, arrival.key_digest))
        return known is not None and known.check.kind == "aws_sns"

    def _answered(
        self, arrival: Arrival, checked: Arrival, told: Told
    ) -> Answer | None:
        """Return what is answered; None when it must be checked and stored anew."""
        if told is Verdict.REFUSED:
            reason, value = REASONS[checked.refusal], checked.refused_value
            return replace(reason, value=value) if value else reason
        if told is Verdict.STORED and not self._is_confirmed(checked):
            return NOT_CONFIRMED
        if isinstance(told, Verdict):
            is_named = told is Verdict.STORED and checked.uid != arrival.uid
            return checked.uid if is_named else told
        try:
            self._remember(arrival, told)
        except BadConfiguration:
            log.exception("source_secret_not_opened")
            return Verdict.UNAVAILABLE
        return None

    def _checked(self, arrival: Arrival) -> Arrival:
        """Return the arrival with what its source's settings, if any, make of it."""
        known = self._known.get((arrival.tool, arrival.key_digest))
        if known is None:
            return arrival
        proof = arrival.proof or NOTHING
        at = proof.at
        if known.is_old_key and at >= known.old_key_ends_at:
            return arrival
        found = examine(known.check, proof)
        if found.reason and known.former and at < known.former_ends_at:
            found = examine(known.former, proof)
        return replace(
            arrival,
            uid=_uid_of(arrival, known.settings, found),
            trust_version=known.settings.trust_version,
            refusal=found.reason,
            refused_value=found.told,
            current_digest=known.settings.key_digest if known.is_old_key else b"",
        )

    def _is_confirmed(self, arrival: Arrival) -> bool:
        """Answer the handshake of SNS, if this is one; False when that failed.

        A message that is tried again is confirmed again, which does no harm.
        """
        body = arrival.proof.body if arrival.proof else None
        known = self._known.get((arrival.tool, arrival.key_digest))
        is_sns = known is not None and known.check.kind == "aws_sns"
        if (
            not is_sns
            or not arrival.trust_version
            or b"SubscribeURL" not in (body or b"")
        ):
            return True
        envelope = sns_signature.read_envelope(body or b"")
        address = sns_signature.confirmation_address(envelope or {})
        if not address:
            return True
        is_done = self._fetch(address) is not None
        log.info("sns_subscription", is_confirmed=is_done, delivery=str(arrival.uid))
        return is_done

    def _remember(self, arrival: Arrival, settings: Settings) -> None:
        if not settings.trust_version:
            # Nothing is asked for any more: the arrival goes as one that is not known.
            self._known.pop((arrival.tool, arrival.key_digest), None)
            return
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        known = _known(settings, arrival.key_digest, self._certificates)
        self._known[arrival.tool, arrival.key_digest] = known


def _known(settings: Settings, digest: bytes, certificates: Certificates) -> _Known:
    return _Known(
        settings=settings,
        check=make_check(settings, settings.secret_sealed, certificates),
        former=make_check(settings, settings.old_secret_sealed, certificates)
        if settings.old_secret_sealed
        else None,
        former_ends_at=_seconds(settings.old_secret_ends_at),
        is_old_key=digest != settings.key_digest,
        old_key_ends_at=_seconds(settings.old_key_ends_at),
    )


def make_check(
    settings: Settings, sealed: bytes | None, certificates: Certificates | None = None
) -> Check:
    """Return how requests are checked with this sealed secret."""
    secrets = (open_secret(sealed, context=SECRET_CONTEXT),) if sealed else ()
    return Check(
        settings.verification,
        secrets=secrets,
        options=settings.options,
        networks=networks_of(settings.address_ranges),
        certificate=partial(certificates.get, source=settings.source_uid)
        if certificates
        else None,
    )


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0


def _uid_of(arrival: Arrival, settings: Settings, found: Finding) -> uuid.UUID:
    """Return the name of the stored row: the same for a message that is sent again.

    So the unique name of a delivery is also the memory of what was seen already.
    """
    if not found.once:
        return arrival.uid
    named = f"{settings.source_uid}:{settings.verification}:{found.once}".encode()
    digest = bytearray(hashlib.sha256(named).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80  # version 8: made of what it names (RFC 9562)
    digest[8] = digest[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(digest))
