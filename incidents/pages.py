"""What every page for people is wrapped in: sign-in, no caching, errors in plain words."""

from collections.abc import Callable, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, Final, ParamSpec

from django.contrib.auth.decorators import login_required
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_htmx.middleware import HtmxDetails

from incidents.errors import BadInput, NoRoom, TocsinError, TooLarge
from incidents.organisations.models import User
from incidents.sending_again import send_again_page

RETRY_AFTER_SECONDS: Final = 5
_TEMPLATES: Final = {
    HTTPStatus.FORBIDDEN: "errors/403.html",
    HTTPStatus.CONFLICT: "errors/409.html",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "errors/413.html",
    HTTPStatus.UNPROCESSABLE_ENTITY: "errors/422.html",
    HTTPStatus.SERVICE_UNAVAILABLE: "errors/503.html",
    HTTPStatus.INSUFFICIENT_STORAGE: "errors/507.html",
}


class PageRequest(HttpRequest):
    """A request of a signed-in person."""

    user: User
    htmx: HtmxDetails


P = ParamSpec("P")
PageView = Callable[Concatenate[PageRequest, P], HttpResponseBase]


def page(
    *methods: str,
) -> Callable[[PageView[P]], Callable[..., HttpResponseBase]]:
    """Make a view a page: for signed-in people, for these methods, never cached.

    An error that the domain can explain becomes a page that says so.
    """

    def decorate(view: PageView[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def shown(
            request: PageRequest, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            try:
                return view(request, *args, **kwargs)
            except TocsinError as error:
                return error_page(error)

        inner = _keep_what_was_typed(login_required(shown))
        return never_cache(
            require_http_methods(_with_head(methods))(_end_polls_signed_out(inner))
        )

    return decorate


def error_page(error: TocsinError) -> HttpResponse:
    """Return the page that says what cannot be done, and what to do instead."""
    template = _TEMPLATES.get(HTTPStatus(error.status), "errors/500.html")
    context = {"message": error.message, "retry_after": RETRY_AFTER_SECONDS}
    response = HttpResponse(render_to_string(template, context), status=error.status)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def reader_of(request: PageRequest) -> str:
    """Return who reads, as the access record names them."""
    return f"user:{request.user.pk}"


def _with_head(methods: Sequence[str]) -> list[str]:
    return [*methods, "HEAD"] if "GET" in methods else list(methods)


def _keep_what_was_typed(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Give a form back that comes after its session has ended."""

    @wraps(view)
    def shown(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            kept = send_again_page(request, status=HTTPStatus.UNAUTHORIZED)
            if kept is not None:
                return kept
        return view(request, *args, **kwargs)

    return shown


def _end_polls_signed_out(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Reload the whole page when a part of it asks after the session has ended.

    Not when something is sent: what is being typed would go with the page.
    """

    @wraps(view)
    def shown(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.htmx and not request.user.is_authenticated:
            headers = {"HX-Refresh": "true"} if request.method == "GET" else {}
            return HttpResponse(status=HTTPStatus.UNAUTHORIZED, headers=headers)
        return view(request, *args, **kwargs)

    return shown


def put_error(form: BaseForm, error: BadInput | NoRoom | TooLarge) -> None:
    """Show what the domain refused at the field that it names, else at the form's head."""
    if isinstance(error, BadInput) and error.field in form.fields:
        form.add_error(error.field, error.remedy)
    elif not isinstance(error, BadInput) and "file" in form.fields:
        form.add_error("file", error.message)
    else:
        form.add_error(None, getattr(error, "remedy", error.message))
