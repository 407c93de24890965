"""Give back what was typed when a form cannot be taken, to be sent again.

A form may come after its session has ended, or after its token has changed because the
person signed in again in another tab. Nothing was done then, and nothing may be lost.
"""

import re
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

_TOKEN: Final = "csrfmiddlewaretoken"  # noqa: S105  a field's name
# What is no text of anybody's, and must stand on no page.
_SECRET: Final = re.compile(r"password|secret|token|code|key$", re.IGNORECASE)
_NOT_TYPED: Final = {"idempotency_key", "organisation", "zone"}


def send_again_page(request: HttpRequest, *, status: HTTPStatus) -> HttpResponse | None:
    """Return a page with what the form held, None if that is nothing or not for a page.

    Only for forms of this site's own pages: another's must not fill one in here.
    """
    if request.method != "POST" or not _is_from_here(request):
        return None
    fields = _fields(request)
    typed = [
        (name.replace("_", " "), value)
        for name, value in fields
        if value.strip() and name not in _NOT_TYPED
    ]
    if not typed or any(_is_secret(name) for name, _ in fields):
        return None
    context = {
        "csrf_token": get_token(request),
        "fields": fields,
        "typed": typed,
        "path": request.get_full_path(),
        "had_files": bool(request.FILES),
        "sign_in_url": settings.LOGIN_URL,
        "is_signed_out": status == HTTPStatus.UNAUTHORIZED,
    }
    page = render_to_string("errors/send_again.html", context)
    return HttpResponse(page, status=status, headers={"Cache-Control": "no-store"})


def _fields(request: HttpRequest) -> list[tuple[str, str]]:
    try:
        lists = request.POST.lists()
    except UnreadablePostError:
        return []
    return [
        (name, str(value))
        for name, values in lists
        if name != _TOKEN
        for value in values
    ]


def _is_secret(name: str) -> bool:
    return name not in _NOT_TYPED and _SECRET.search(name) is not None


def _is_from_here(request: HttpRequest) -> bool:
    sender = request.headers.get("Origin") or request.headers.get("Referer") or ""
    return urlsplit(sender).netloc == request.get_host()
