"""Refuse a body that is larger than its address takes, before a byte of it is read."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from config.anonymity import PREFIX
from config.uploads import FIELDS_BYTES, announced_bytes, takes_files
from incidents.anonymous.uploads import MAX_BODY_BYTES
from incidents.problems import problem_page

# What a form or document without files of incidents may have.
PLAIN_BYTES: Final = 4 * 1024 * 1024
_API: Final = "/api/"


def limit_body(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer 413 by the announced size; without one, nothing of a body is read at all."""

    def answer(request: HttpRequest) -> HttpResponse:
        announced, limit = announced_bytes(request), limit_of(request.path)
        if announced > limit:
            return _refusal(request, announced=announced, limit=limit)
        return get_response(request)

    return answer


def limit_of(path: str) -> int:
    """Return the size in bytes that no body sent there may exceed."""
    if takes_files(path):
        return FIELDS_BYTES + int(settings.MAX_ATTACHMENT_BYTES)
    return MAX_BODY_BYTES if path.startswith(PREFIX) else PLAIN_BYTES


def _refusal(request: HttpRequest, *, announced: int, limit: int) -> HttpResponse:
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if request.path.startswith(_API):
        detail = f"The body has {announced} bytes; at most {limit} are taken."
        return problem_page(status=status, code="too_large", detail=detail)
    shown = settings.MAX_ATTACHMENT_BYTES if takes_files(request.path) else limit
    page = render_to_string("errors/413.html", {"limit": shown})
    return HttpResponse(page, status=status)
