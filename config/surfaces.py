"""Answer the compatible surfaces in front of Django, by the same commits as webhooks.

`incidents/intake/surfaces/` says what each stores and answers; here it meets HTTP.
"""

import uuid
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl

from django.conf import settings

from config.bodies import Body
from config.hooks import RETRY_AFTER_SECONDS, Environ, read_headers, read_proof
from incidents.intake.arrivals import Arrival, Verdict
from incidents.intake.checking import Answer as Told
from incidents.intake.receive import arrival_of, oversized_arrival_of
from incidents.intake.surfaces.base import (
    Asked,
    Reading,
    Reply,
    Surface,
    clean_marks,
)
from incidents.intake.trust_kinds import Reason

RETRY_AFTER: Final = ("Retry-After", str(RETRY_AFTER_SECONDS))
MAX_QUERY_FIELDS: Final = 20


@dataclass(frozen=True, slots=True)
class ToKeep:
    """A request that is to be stored, and what is said once it is."""

    arrival: Arrival
    asked: Asked
    surface: Surface
    reading: Reading
    is_too_large: bool


def to_keep(environ: Environ, surface: Surface, body: Body) -> Reply | ToKeep:
    """Return what is to be stored of a request whose body has come."""
    if not body.is_complete and not environ.get("CONTENT_LENGTH"):
        return unavailable_at(surface)
    if not body.is_complete:
        return surface.refuse(400, "The body ended before its declared length.")
    asked = _asked(environ, body)
    reading = surface.read(asked)
    if isinstance(reading, Reply):
        return reading
    arrival = _arrival(surface, asked, reading, body, environ)
    is_too_large = body.size_bytes > settings.MAX_DELIVERY_BYTES
    return ToKeep(arrival, asked, surface, reading, is_too_large)


def reply_to(told: Told, kept: ToKeep) -> Reply:
    """Answer as the original would."""
    surface = kept.surface
    if isinstance(told, uuid.UUID) or told is Verdict.STORED:
        if kept.is_too_large:
            limit = settings.MAX_DELIVERY_BYTES
            return surface.refuse(413, f"The body is larger than {limit} bytes.")
        return _stored(told, kept)
    if told is Verdict.UNKNOWN_KEY:
        return kept.reading.unknown_key
    if isinstance(told, Reason):
        return surface.refuse(told.status, f"{told.sentence} {told.remedy}")
    return unavailable_at(surface)


def _stored(told: uuid.UUID | Verdict, kept: ToKeep) -> Reply:
    """Answer with the id that is stored: a message that came before keeps its first."""
    if not isinstance(told, uuid.UUID):
        return kept.reading.stored()
    reading = kept.surface.read(replace(kept.asked, uid=told))
    return reading.stored() if isinstance(reading, Reading) else reading


def unavailable_at(surface: Surface) -> Reply:
    """Say that it is to be sent again: a trouble of ours, or too many at once."""
    told = surface.refuse(503, "It could not be stored just now; send it again.")
    return replace(told, headers=(*told.headers, RETRY_AFTER))


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
