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
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings

from escalation.notifications.channels.guarded_get import get
from escalation.oncall.importing import NotFetched
from incidents.intake.certificates import MAX_BYTES
from incidents.intake.checking import Answer as Told
from incidents.intake.checking import Checker
from incidents.intake.heartbeats.ping import Pinged, take_request
from incidents.intake.receive import KEPT_HEADERS, arrival_of, oversized_arrival_of
from incidents.intake.signatures import Proof
from incidents.intake.trust_kinds import Reason
from incidents.intake.writer import Arrival, Settings, Verdict, process_writer

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
Store = Callable[[Arrival], Told]
Ping = Callable[[str], Pinged]

CHUNK_BYTES: Final = 64 * 1024
# A sender that is cut off in the middle of its body may never read the answer.
MAX_DRAINED_BYTES: Final = 8 * 1024 * 1024
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

log = structlog.get_logger(__name__)

_PATH = re.compile(r"/hooks/([a-z0-9_-]{1,30})/([A-Za-z0-9_-]{1,200})")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: HTTPStatus
    body: dict[str, Any]
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body, cut at the limit. `size_bytes` is what was sent, not kept."""

    data: bytes = field(repr=False)
    size_bytes: int
    is_complete: bool


class HookFront:
    """Takes the requests under `/hooks/`; all others go to the site."""

    def __init__(
        self, site: Application, *, store: Store | None = None, ping: Ping | None = None
    ) -> None:
        self._site = site
        self._store = store or Checker(_store, fetch=_fetch).store
        self._ping = ping or take_request

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request."""
        if not environ["PATH_INFO"].lstrip("/").startswith("hooks/"):
            return self._site(environ, start_response)
        answer = answer_hook(environ, store=self._store, ping=self._ping)
        data = json.dumps(answer.body).encode()
        reply_headers = [
            ("Content-Type", answer.media_type),
            ("Content-Length", str(len(data))),
            ("Cache-Control", "no-store"),
            *answer.headers,
        ]
        start_response(f"{answer.status.value} {answer.status.phrase}", reply_headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [data]


def answer_hook(environ: Environ, *, store: Store, ping: Ping) -> Answer:
    """Store the delivery and say what became of it."""
    match = _PATH.fullmatch(environ["PATH_INFO"])
    if match is None:
        return _unknown("address")
    tool, key = match.groups()
    methods = METHODS.get(tool, ("POST",))
    if environ["REQUEST_METHOD"] not in methods:
        return _wrong_method(environ["REQUEST_METHOD"], methods)
    limit = settings.MAX_DELIVERY_BYTES
    body = read_body(environ, limit=limit)
    if not body.is_complete:
        return _cut_short(body)
    if tool == HEARTBEAT:
        return _told_of_sign(ping(key))
    headers = read_headers(environ)
    if body.size_bytes <= limit:
        proof = read_proof(environ, body.data)
        arrival = arrival_of(tool, key, body=body.data, headers=headers, proof=proof)
        return _told(store(arrival), _accepted(arrival))
    arrival = oversized_arrival_of(
        tool,
        key,
        start=body.data,
        size_bytes=body.size_bytes,
        headers=headers,
        proof=read_proof(environ, None),
    )
    return _told(store(arrival), _too_large(body.size_bytes, limit))


def read_body(environ: Environ, *, limit: int) -> Body:
    """Read the body up to the limit, and let a bounded rest pass by."""
    declared = _declared_bytes(environ)
    if declared is None and not environ.get("wsgi.input_terminated"):
        return Body(b"", 0, is_complete=True)
    stream = environ["wsgi.input"]
    wanted = limit + 1 if declared is None else min(declared, limit + 1)
    try:
        data = _read_up_to(stream, wanted)
        if len(data) <= limit:
            is_complete = declared is None or len(data) == declared
            return Body(data, len(data), is_complete=is_complete)
        rest = MAX_DRAINED_BYTES if declared is None else declared - len(data)
        drained = _drain(stream, min(rest, MAX_DRAINED_BYTES))
    except OSError:
        return Body(b"", 0, is_complete=False)
    return Body(data[:limit], declared or len(data) + drained, is_complete=True)


def _declared_bytes(environ: Environ) -> int | None:
    text = environ.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdigit() else None


def _read_up_to(stream: Any, wanted: int) -> bytes:
    chunks: list[bytes] = []
    missing = wanted
    while missing > 0:
        chunk = bytes(stream.read(missing))
        if not chunk:
            break
        chunks.append(chunk)
        missing -= len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _drain(stream: Any, most: int) -> int:
    drained = 0
    while drained < most:
        chunk = stream.read(min(CHUNK_BYTES, most - drained))
        if not chunk:
            break
        drained += len(chunk)
    return drained


def read_headers(environ: Environ) -> dict[str, str]:
    """Return those headers of a request that may be kept."""
    return {name: environ[key] for name, key in HEADER_KEYS.items() if key in environ}


def read_proof(environ: Environ, body: bytes | None) -> Proof:
    """Return what the request brings to prove who sent it."""

    def header(name: str) -> str | None:
        if name == "content-type":
            return environ.get("CONTENT_TYPE")
        return environ.get("HTTP_" + name.upper().replace("-", "_"))

    return Proof(header, body, _address(environ), time.time())


def _address(environ: Environ) -> str:
    """Return where the request comes from, as the nearest proxy of ours saw it."""
    peer = str(environ.get("REMOTE_ADDR", ""))
    if settings.SECURE_PROXY_SSL_HEADER:
        hops = str(environ.get("HTTP_X_FORWARDED_FOR", ""))
        peer = hops.rpartition(",")[2].strip() or peer
    return peer


def _store(arrival: Arrival) -> Verdict | Settings:
    return process_writer().store(arrival)


def _fetch(address: str) -> bytes | None:
    """Fetch a certificate of a sender, or what confirms a subscription."""
    try:
        return get(address, MAX_BYTES, accept="*/*")
    except NotFetched as error:
        log.warning("not_fetched_for_a_sender", error=str(error))
        return None


def _told(verdict: Told, stored: Answer) -> Answer:
    if verdict is Verdict.STORED:
        return stored
    if isinstance(verdict, Reason):
        return _refused(verdict)
    if isinstance(verdict, UUID):
        return replace(stored, body={**stored.body, "delivery": str(verdict)})
    return _unknown("key") if verdict is Verdict.UNKNOWN_KEY else _unavailable()


def _told_of_sign(pinged: Pinged) -> Answer:
    """Say what became of a sign of life; what its body says does not matter."""
    if pinged is Pinged.TAKEN:
        body = {"heartbeat": "taken"}
        return Answer(HTTPStatus.OK, body, media_type="application/json")
    return _unknown("key") if pinged is Pinged.UNKNOWN_KEY else _unavailable()


def _accepted(arrival: Arrival) -> Answer:
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


def _unavailable() -> Answer:
    return _problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The delivery could not be stored just now.",
        headers=(("Retry-After", str(RETRY_AFTER_SECONDS)),),
        field="body",
        remedy="Send it again; sending twice does no harm.",
    )
