"""Let clients of a compatible surface in by their source's key, for what Django answers."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from incidents.intake.arrivals import Settings
from incidents.intake.checking import make_check
from incidents.intake.models import Source
from incidents.intake.receive import digest_of_key
from incidents.intake.signatures import Proof, examine
from incidents.intake.surfaces.base import Reply, Surface, key_in
from incidents.intake.trust_kinds import REASONS
from incidents.organisations.throttle import peer_of
from incidents.timers.clock import read_now

View = Callable[..., Reply]

UNKNOWN = "No enabled source has this key."


def surface_views(
    surface: Surface, *, schemes: tuple[str, ...], views: Mapping[str, View]
) -> Callable[..., HttpResponse]:
    """Return one view of an address: for each method what answers it.

    Each gets (request, source, **arguments of the address); the key is the address's, or
    the Authorization header's by one of these schemes.
    """

    @csrf_exempt
    @never_cache
    def answer(request: HttpRequest, key: str = "", **arguments: Any) -> HttpResponse:
        view = views.get(request.method or "")
        if view is None:
            refusal = surface.refuse(405, f"{request.method} is not answered here.")
            return _response(refusal, Allow=", ".join(views))
        given = key or key_in(request.headers.get("Authorization", ""), *schemes)
        source = find_source(surface.tool, given) if given else None
        if source is None:
            return _response(surface.refuse(404 if key else 401, UNKNOWN))
        if reason := _reason_to_refuse(source, request):
            return _response(surface.refuse(*reason))
        return _response(view(request, source, **arguments))

    return answer


def find_source(tool: str, key: str) -> Source | None:
    """Return the enabled source whose present or former key this is."""
    digest = digest_of_key(key)
    is_former = Q(old_key_digest=digest, old_key_ends_at__gt=read_now())
    rows = Source.objects.filter(tool=tool, is_enabled=True)
    return (
        rows.filter(Q(key_digest=digest) | is_former)
        .select_related("organisation")
        .first()
    )


def _reason_to_refuse(source: Source, request: HttpRequest) -> tuple[int, str] | None:
    """Hold the request against what the source asks of its senders."""
    if not source.trust_version:
        return None
    proof = Proof(request.headers.get, request.body, peer_of(request), time.time())
    settings = _settings(source)
    found = examine(make_check(settings, settings.secret_sealed), proof)
    ends_at = settings.old_secret_ends_at
    if found.reason and ends_at and proof.at < ends_at.timestamp():
        found = examine(make_check(settings, settings.old_secret_sealed), proof)
    if not found.reason:
        return None
    reason = REASONS[found.reason]
    return reason.status, f"{reason.sentence} {reason.remedy}"


def _settings(source: Source) -> Settings:
    return Settings(
        source_uid=source.uid,
        trust_version=source.trust_version,
        key_digest=bytes(source.key_digest),
        old_key_ends_at=source.old_key_ends_at,
        verification=source.verification,
        options=source.verification_options,
        secret_sealed=_bytes(source.secret_sealed),
        old_secret_sealed=_bytes(source.old_secret_sealed),
        old_secret_ends_at=source.old_secret_ends_at,
        address_ranges=source.address_ranges,
    )


def _bytes(sealed: memoryview | bytes | None) -> bytes | None:
    return bytes(sealed) if sealed else None


def _response(reply: Reply, **headers: str) -> HttpResponse:
    response = HttpResponse(
        reply.body, status=reply.status, content_type=reply.media_type
    )
    for name, value in (*reply.headers, *headers.items()):
        response[name] = value
    return response
