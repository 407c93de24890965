"""Answer what no view answers: unknown addresses, refusals, faults, old forms.

The pages need neither the database nor a session; the API gets problems instead.
"""

from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from incidents.problems import problem_page
from incidents.sending_again import send_again_page

_API = "/api/"
_TOO_LARGE = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "errors/413.html", "too_large")
_BAD_REQUEST = (HTTPStatus.BAD_REQUEST, "errors/422.html", "bad_request")


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say why a request was not read: a form too large, or not what it claims to be."""
    if isinstance(exception, RequestDataTooBig):
        status, template, code = _TOO_LARGE
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        context: dict[str, object] = {"limit": limit}
        detail = f"A form without its files may have {limit} bytes."
    else:
        status, template, code = _BAD_REQUEST
        detail = "The request is not readable: its host, its form or its size is wrong."
        context = {"message": detail}
    if request.path.startswith(_API):
        return problem_page(status=status, code=code, detail=detail)
    return HttpResponse(render_to_string(template, context), status=status)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that the role does not allow it."""
    return _answer(request, HTTPStatus.FORBIDDEN, "errors/403.html", "not_allowed")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that there is nothing here, whether or not there is something."""
    return _answer(request, HTTPStatus.NOT_FOUND, "errors/404.html", "not_found")


def broken(request: HttpRequest) -> HttpResponse:
    """Say that it is our fault, and how to find out whether anything was stored."""
    return _answer(
        request, HTTPStatus.INTERNAL_SERVER_ERROR, "errors/500.html", "error"
    )


def form_out_of_date(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form's anti-forgery token does not match; give back what it held."""
    is_typed = not request.path.startswith((_API, settings.LOGIN_URL))
    if is_typed and not request.headers.get("HX-Request"):
        kept = send_again_page(request, status=HTTPStatus.FORBIDDEN)
        if kept is not None:
            return kept
    return _answer(
        request, HTTPStatus.FORBIDDEN, "errors/csrf.html", "permission_denied"
    )


def _answer(
    request: HttpRequest, status: HTTPStatus, template: str, code: str
) -> HttpResponse:
    if request.path.startswith(_API):
        return problem_page(status=status, code=code, detail=status.description)
    return HttpResponse(render_to_string(template), status=status)
