"""Answer monitoring webhooks in front of Django: `POST /hooks/<tool>/<key>`.

A body is stored before it is answered, and nothing else happens in the request. Almost
every sender drops a message for ever on 4xx and sends it again on 503, so 4xx is only
said of the request itself, never of a trouble of ours.

Heartbeats are taken here too, by any method: each is one statement.

The key is a secret in the address: it is in no answer and in no log line.
"""

import json
import re
import time
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from config.bodies import Body
from incidents.intake.arrivals import Arrival, Verdict
from incidents.intake.checking import Answer as Told
from incidents.intake.handshakes import granted, is_asked, validation_code
from incidents.intake.heartbeats.ping import Pinged
from incidents.intake.receive import KEPT_HEADERS, arrival_of, oversized_arrival_of
from incidents.intake.signatures import Proof
from incidents.intake.trust_kinds import REASONS, Reason
from incidents.intake.welcome import Welcome

Environ = dict[str, Any]

RETRY_AFTER_SECONDS: Final = 5
HEADER_KEYS: Final = {
    name: "CONTENT_TYPE"
    if name == "content-type"
    else "HTTP_" + name.upper().replace("-", "_")
    for name in KEPT_HEADERS
}
HEARTBEAT: Final = "heartbeat"
METHODS: Final = {
    "grafana": ("POST", "PUT"),
    HEARTBEAT: ("GET", "POST", "HEAD", "PUT"),
}

_PATH = re.compile(r"/hooks/([a-z0-9_-]{1,30})/([A-Za-z0-9_-]{1,200})")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: HTTPStatus
    body: dict[str, Any]
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = "application/problem+json"

    @property
    def data(self) -> bytes:
        """Return the body as it is sent."""
        return json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True)
class ToStore:
    """A request that is to be stored, and what is said once it is."""

    arrival: Arrival
    stored: Answer


@dataclass(frozen=True, slots=True)
class Address:
    """The source that an address names, by its tool and its key.

    `is_asked`: somebody asks whether it may send there, and sends nothing yet.
    """

    tool: str
    key: str = field(repr=False)
    is_asked: bool = False


def read_address(environ: Environ) -> Answer | Address:
    """Return which source a request is for, or why it cannot be for any."""
    match = _PATH.fullmatch(environ["PATH_INFO"])
    if match is None:
        return _unknown("address")
    tool, key = match.groups()
    methods = METHODS.get(tool, ("POST",))
    method = environ["REQUEST_METHOD"]
    if method in methods:
        return Address(tool, key)
    if is_asked(tool, method, read_proof(environ, None).header):
        return Address(tool, key, is_asked=True)
    return _wrong_method(method, methods)


def to_store(environ: Environ, address: Address, body: Body) -> Answer | ToStore:
    """Return what is to be stored of a request whose body has come."""
    if not body.is_complete:
        return _cut_short(body) if environ.get("CONTENT_LENGTH") else _broken_off()
    limit = settings.MAX_DELIVERY_BYTES
    tool, key, headers = address.tool, address.key, read_headers(environ)
    if body.size_bytes <= limit:
        proof = read_proof(environ, body.data)
        arrival = arrival_of(tool, key, body=body.data, headers=headers, proof=proof)
        return ToStore(arrival, _accepted(tool, body.data, arrival))
    arrival = oversized_arrival_of(
        tool,
        key,
        start=body.data,
        size_bytes=body.size_bytes,
        headers=headers,
        proof=read_proof(environ, None),
    )
    return ToStore(arrival, _too_large(body.size_bytes, limit))


def say(told: Told, stored: Answer) -> Answer:
    """Say what became of a delivery; `stored` is what is said of one that is kept."""
    if told is Verdict.STORED:
        return stored
    if isinstance(told, Reason):
        return _refused(told)
    if isinstance(told, UUID):
        return replace(stored, body={**stored.body, "delivery": str(told)})
    return _unknown("key") if told is Verdict.UNKNOWN_KEY else unavailable()


def say_of_sign(pinged: Pinged) -> Answer:
    """Say what became of a sign of life; what its body says does not matter."""
    if pinged is Pinged.TAKEN:
        body = {"heartbeat": "taken"}
        return Answer(HTTPStatus.OK, body, media_type="application/json")
    return _unknown("key") if pinged is Pinged.UNKNOWN_KEY else unavailable()


def say_of_welcome(told: Welcome, environ: Environ) -> Answer:
    """Say whether the sender that asks may send here."""
    if told is Welcome.UNKNOWN_KEY:
        return _unknown("key")
    if told is Welcome.OUTSIDE:
        return _refused(REASONS["address_outside"])
    if told is Welcome.UNAVAILABLE:
        return unavailable()
    headers = tuple(granted(read_proof(environ, None).header).items())
    if not headers:
        return _problem(
            HTTPStatus.BAD_REQUEST,
            "The origin is not the name of a host.",
            field="WebHook-Request-Origin",
            remedy="Send the host name of the sender.",
        )
    return Answer(HTTPStatus.OK, {}, headers, media_type="application/json")


def read_headers(environ: Environ) -> dict[str, str]:
    """Return those headers of a request that may be kept."""
    return {name: environ[key] for name, key in HEADER_KEYS.items() if key in environ}


def read_proof(environ: Environ, body: bytes | None) -> Proof:
    """Return what the request brings to prove who sent it."""

    def header(name: str) -> str | None:
        if name == "content-type":
            return environ.get("CONTENT_TYPE")
        return environ.get("HTTP_" + name.upper().replace("-", "_"))

    return Proof(header, body, peer_in(environ), time.time())


def peer_in(environ: Environ) -> str:
    """Return where the request comes from, as the nearest proxy of ours saw it."""
    peer = str(environ.get("REMOTE_ADDR", ""))
    if settings.SECURE_PROXY_SSL_HEADER:
        hops = str(environ.get(settings.ADDRESS_HEADER, ""))
        peer = hops.rpartition(",")[2].strip() or peer
    return peer


def _accepted(tool: str, data: bytes, arrival: Arrival) -> Answer:
    if code := validation_code(tool, data):
        # Event Grid takes 200 only, with nothing else in the body.
        answer = {"validationResponse": code}
        return Answer(HTTPStatus.OK, answer, media_type="application/json")
    body = {"delivery": str(arrival.uid)}
    return Answer(HTTPStatus.ACCEPTED, body, media_type="application/json")


def _problem(
    status: HTTPStatus,
    detail: str,
    *,
    headers: tuple[tuple[str, str], ...] = (),
    **members: object,
) -> Answer:
    body = {"type": "about:blank", "title": status.phrase, "status": status.value}
    return Answer(status, {**body, "detail": detail, **members}, headers)


def _unknown(field: str) -> Answer:
    return _problem(
        HTTPStatus.NOT_FOUND,
        "No enabled source has this address.",
        field=field,
        remedy="Copy the address from the source's page; it has the form "
        "/hooks/<tool>/<key>, without a slash at its end.",
    )


def _refused(reason: Reason) -> Answer:
    # RFC 9110 asks for a challenge with 401; none of the schemes is told to a stranger.
    more = {
        HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate", 'Tocsin realm="source"'),
        HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After", str(RETRY_AFTER_SECONDS)),
    }
    return _problem(
        reason.status,
        f"The delivery was not taken. {reason.sentence}",
        headers=(more[reason.status],) if reason.status in more else (),
        field=reason.field,
        remedy=reason.remedy,
        **({"value": reason.value} if reason.value else {}),
    )


def _wrong_method(method: str, methods: tuple[str, ...]) -> Answer:
    allowed = ", ".join(methods)
    return _problem(
        HTTPStatus.METHOD_NOT_ALLOWED,
        f"A webhook is not taken by {method}.",
        headers=(("Allow", allowed),),
        field="method",
        value=method,
        remedy=f"Send it by {' or '.join(methods)}.",
    )


def _cut_short(body: Body) -> Answer:
    return _problem(
        HTTPStatus.BAD_REQUEST,
        "The body ended before its declared length; nothing was stored.",
        field="Content-Length",
        value=body.size_bytes,
        remedy="Send the whole body.",
    )


def _too_large(size_bytes: int, limit: int) -> Answer:
    return _problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"The body is larger than {limit} bytes; its size and hash were kept.",
        field="body",
        value=size_bytes,
        remedy="Send fewer alerts at once (Alertmanager: max_alerts), or have "
        "TOCSIN_MAX_DELIVERY_BYTES raised.",
    )


def _broken_off() -> Answer:
    # 503, as it reaches a sender only through a proxy that lost the connection.
    return unavailable("The body broke off in the middle; nothing was stored.")


def unavailable(detail: str = "The delivery could not be stored just now.") -> Answer:
    """Say that it is to be sent again: a trouble of ours, or too many at once."""
    return _problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        detail,
        headers=(("Retry-After", str(RETRY_AFTER_SECONDS)),),
        field="body",
        remedy="Send it again; sending twice does no harm.",
    )
