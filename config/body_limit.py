"""Refuse a form that is larger than any file may be, before a byte of it is read."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from incidents.problems import problem_page

# The fields of a form beside its file.
_FIELDS_BYTES: Final = 1024 * 1024
_API: Final = "/api/"


def limit_body(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer 413 by the announced size; without one, nothing of a body is read at all."""

    def answer(request: HttpRequest) -> HttpResponse:
        announced = request.META.get("CONTENT_LENGTH") or "0"
        limit = settings.MAX_ATTACHMENT_BYTES + _FIELDS_BYTES
        if announced.isdecimal() and int(announced) > limit:
            return _refusal(request, announced=announced, limit=limit)
        return get_response(request)

    return answer


def _refusal(request: HttpRequest, *, announced: str, limit: int) -> HttpResponse:
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if request.path.startswith(_API):
        detail = f"The body has {announced} bytes; at most {limit} are taken."
        return problem_page(status=status, code="too_large", detail=detail)
    page = render_to_string("errors/413.html", {"limit": settings.MAX_ATTACHMENT_BYTES})
    return HttpResponse(page, status=status)
