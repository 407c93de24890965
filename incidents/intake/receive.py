"""Keep raw deliveries: from a request and from the test button."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

from incidents.events.doorbell import ring_after_commit
from incidents.intake.adapters.registry import ADAPTERS
from incidents.intake.arrivals import Arrival
from incidents.intake.models import Delivery, DeliveryState, Source
from incidents.intake.signatures import Proof
from incidents.intake.sns_signature import without_token

# What helps to read a body or to trace it at its sender. A list of what is kept, not
# of what is left out, so that no scheme of authentication that comes later is stored.
KEPT_HEADERS: Final = (
    "content-encoding",
    "content-type",
    "request-id",
    "user-agent",
    "webhook-id",
    "x-request-id",
    "x-webhook-id",
    *sorted({name for adapter in ADAPTERS.values() for name in adapter.headers}),
)
MAX_HEADER: Final = 500


def arrival_of(
    tool: str,
    key: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    proof: Proof | None = None,
) -> Arrival:
    """Return a request that fits the size limit, ready to be checked and stored."""
    return Arrival(
        tool=tool,
        key_digest=digest_of_key(key),
        body=without_token(body) if tool == "aws_sns" else body,
        size_bytes=len(body),
        sha256=hashlib.sha256(body).digest(),
        headers=kept_headers(headers),
        state=DeliveryState.PENDING.value,
        proof=proof,
    )


def oversized_arrival_of(
    tool: str,
    key: str,
    *,
    start: bytes,
    size_bytes: int,
    headers: Mapping[str, str],
    proof: Proof | None = None,
) -> Arrival:
    """Return what is kept of a request over the limit: no body, `start` only hashed."""
    return Arrival(
        tool=tool,
        key_digest=digest_of_key(key),
        body=None,
        size_bytes=size_bytes,
        sha256=hashlib.sha256(start).digest(),
        headers=kept_headers(headers),
        state=DeliveryState.TOO_LARGE.value,
        proof=proof,
    )


def digest_of_key(key: str) -> bytes:
    """Return the form in which a source's key is looked up."""
    return hashlib.sha256(key.encode("utf-8", "backslashreplace")).digest()


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that are kept, names in lower case, values cut and printable."""
    lowered = {name.lower(): value for name, value in headers.items()}
    return {
        name: "".join(c for c in lowered[name] if c.isprintable())[:MAX_HEADER]
        for name in KEPT_HEADERS
        if lowered.get(name)
    }


def store_deliveries(
    source: Source,
    bodies: Sequence[bytes],
    *,
    headers: Mapping[str, str] | None = None,
    marks: Mapping[str, str] | None = None,
) -> list[Delivery]:
    """Store bodies as if the tool had posted them; joins the caller's transaction."""
    deliveries = Delivery.objects.bulk_create(
        Delivery(
            uid=uuid.uuid4(),
            source=source,
            organisation_id=source.organisation_id,
            body=body,
            size_bytes=len(body),
            sha256=hashlib.sha256(body).digest(),
            headers={**kept_headers(headers or {}), **(marks or {})},
        )
        for body in bodies
    )
    ring_after_commit("intake")
    return deliveries
