"""Answer the compatible surfaces in front of Django, by the same commits as webhooks.

`incidents/intake/surfaces/` says what each stores and answers; here it meets HTTP.
"""

import uuid
from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from django.conf import settings

from config.hooks import (
    RETRY_AFTER_SECONDS,
    Application,
    Body,
    Environ,
    StartResponse,
    Store,
    read_body,
    read_headers,
    read_proof,
)
from incidents.intake.checking import Checker
from incidents.intake.receive import arrival_of, oversized_arrival_of
from incidents.intake.surfaces.base import (
    Asked,
    Reading,
    Reply,
    Surface,
    clean_marks,
)
from incidents.intake.surfaces.table import surface_for
from incidents.intake.trust_kinds import Reason
from incidents.intake.writer import Arrival, Settings, Verdict, process_writer

RETRY_AFTER: Final = ("Retry-After", str(RETRY_AFTER_SECONDS))
MAX_QUERY_FIELDS: Final = 20


class SurfaceFront:
    """Takes what is posted to a compatible surface; all else goes to the site."""

    def __init__(self, site: Application, *, store: Store | None = None) -> None:
        self._site = site
        self._store = store or Checker(_store).store

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request."""
        surface = surface_for(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if surface is None:
            return self._site(environ, start_response)
        reply = answer_surface(environ, surface=surface, store=self._store)
        headers = [
            ("Content-Type", reply.media_type),
            ("Content-Length", str(len(reply.body))),
            ("Cache-Control", "no-store"),
            *reply.headers,
        ]
        status = HTTPStatus(reply.status)
        start_response(f"{status.value} {status.phrase}", headers)
        return [reply.body]


def answer_surface(environ: Environ, *, surface: Surface, store: Store) -> Reply:
    """Store what the request says and answer as the original would."""
    limit = settings.MAX_DELIVERY_BYTES
    body = read_body(environ, limit=limit)
    if not body.is_complete:
        return surface.refuse(400, "The body ended before its declared length.")
    asked = _asked(environ, body)
    reading = surface.read(asked)
    if isinstance(reading, Reply):
        return reading
    verdict = store(_arrival(surface, asked, reading, body, environ))
    if not isinstance(verdict, uuid.UUID) and verdict is not Verdict.STORED:
        return _not_stored(verdict, surface, reading)
    if body.size_bytes > limit:
        return surface.refuse(413, f"The body is larger than {limit} bytes.")
    return reading.stored


def _not_stored(verdict: Verdict | Reason, surface: Surface, reading: Reading) -> Reply:
    if verdict is Verdict.UNKNOWN_KEY:
        return reading.unknown_key
    if isinstance(verdict, Reason):
        return surface.refuse(verdict.status, f"{verdict.sentence} {verdict.remedy}")
    told = surface.refuse(503, "It could not be stored just now; send it again.")
    return replace(told, headers=(*told.headers, RETRY_AFTER))


def _store(arrival: Arrival) -> Verdict | Settings:
    return process_writer().store(arrival)


def _asked(environ: Environ, body: Body) -> Asked:
    query = parse_qsl(environ.get("QUERY_STRING", ""))[:MAX_QUERY_FIELDS]
    return Asked(
        method=environ["REQUEST_METHOD"],
        path=_in_utf8(environ["PATH_INFO"]),
        query=dict(query),
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
        routing_key=environ.get("HTTP_X_ROUTING_KEY", ""),
        body=body.data,
        uid=uuid.uuid4(),
    )


def _arrival(
    surface: Surface, asked: Asked, reading: Reading, body: Body, environ: Environ
) -> Arrival:
    headers = read_headers(environ)
    if body.size_bytes > settings.MAX_DELIVERY_BYTES:
        arrival = oversized_arrival_of(
            surface.tool,
            reading.key,
            start=body.data,
            size_bytes=body.size_bytes,
            headers=headers,
            proof=read_proof(environ, None),
        )
    else:
        arrival = arrival_of(
            surface.tool,
            reading.key,
            body=reading.body,
            headers=headers,
            proof=read_proof(environ, body.data),
        )
    kept = {**arrival.headers, **clean_marks(reading.marks)}
    return replace(arrival, uid=asked.uid, headers=kept)


def _in_utf8(path: str) -> str:
    """Return a path as it was meant: WSGI gives its bytes as Latin-1."""
    return path.encode("latin-1", "replace").decode("utf-8", "replace")
