"""Let the application not know who visits the pages for anonymous reports.

Stands before every other middleware: what is taken out of a request here can be in no
log line, no throttle, no error report and no table, whatever is added later.
"""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

PREFIX: Final = "/report/"
# What tells one visitor from another. The server's own address is Django's to need.
_TELLING: Final = (
    "REMOTE_ADDR",
    "REMOTE_HOST",
    "REMOTE_PORT",
    "REMOTE_USER",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_AUTHORIZATION",
    "HTTP_CF_CONNECTING_IP",
    "HTTP_COOKIE",
    "HTTP_FORWARDED",
    "HTTP_REFERER",
    "HTTP_TRUE_CLIENT_IP",
    "HTTP_USER_AGENT",
    "HTTP_VIA",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_REAL_IP",
)
# Nothing but our own style sheets: no script, no font, no frame, no request elsewhere.
# The one picture is the empty icon, so that no browser asks for another.
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def forget_sender(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Take out of the request who sent it, and put nothing into the answer that stays."""

    def answer(request: HttpRequest) -> HttpResponse:
        if not f"{request.path}/".startswith(PREFIX):
            return get_response(request)
        for name in _TELLING:
            request.META.pop(name, None)
            request.environ.pop(name, None)  # type: ignore[attr-defined]  # WSGIRequest
        response = get_response(request)
        response.cookies.clear()
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        response["Content-Security-Policy"] = POLICY
        return response

    return answer
