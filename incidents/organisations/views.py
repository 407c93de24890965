"""Pages of a person: sign in and out, the own account.

Password and API tokens are changed in `incident/own_access_views.py`, which records.
"""

import math
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from incidents.organisations.account_panels import account_parts
from incidents.organisations.forms import SignInForm, TokenForm
from incidents.organisations.models import Membership
from incidents.organisations.throttle import (
    TooManyTries,
    address_of,
    begin_try,
    forgive,
)
from incidents.pages import PageRequest, page

DEMO_PASSWORD: Final = "tocsin-demo"  # noqa: S105  of the demo world, which holds nothing


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask who it is; go on to where they wanted to go."""
    next_url = _safe_next(request)
    if request.user.is_authenticated:
        return redirect(next_url or "home")
    if request.method != "POST":
        initial = {"username": request.GET.get("as", "")}
        return _sign_in_page(request, SignInForm(request, initial=initial))
    try:
        attempt = begin_try(
            request.POST.get("username", ""),
            address=address_of(request),
            now=timezone.now(),
        )
    except TooManyTries as refusal:
        return _too_many_tries(request, refusal)
    form = SignInForm(request, request.POST)
    if not form.is_valid():
        return _sign_in_page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    forgive(attempt)
    login(request, form.get_user())
    return redirect(next_url or "home")


@page("POST")
def sign_out(request: PageRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("sign-in")


@page("GET")
def account(request: PageRequest) -> HttpResponse:
    """Show the own account."""
    return account_page(request)


def account_page(
    request: PageRequest, *, status: int = HTTPStatus.OK, **more: Any
) -> HttpResponse:
    """Return the account page; `more` brings forms with errors and new secrets."""
    now = timezone.now()
    tokens = list(request.user.api_tokens.filter(revoked_at=None))
    memberships = request.user.memberships.filter(ended_at=None)
    context = {
        "memberships": memberships.select_related("organisation").order_by("pk"),
        "tokens": [
            {
                "pk": token.pk,
                "name": token.name,
                "prefix": token.prefix,
                "scopes": token.scopes,
                "last_used_at": token.last_used_at,
                "expires_at": token.expires_at,
                "is_expired": not token.is_valid(now),
            }
            for token in tokens
        ],
        "token_form": TokenForm(auto_id="id_token_%s"),
        **account_parts(request.user),
        **more,
    }
    template = "incidents/organisations/account.html"
    return render(request, template, context, status=status)


def _sign_in_page(
    request: HttpRequest, form: SignInForm, *, status: int = HTTPStatus.OK
) -> HttpResponse:
    context = {"form": form, "next": _safe_next(request), **_demo()}
    template = "incidents/organisations/sign_in.html"
    return render(request, template, context, status=status)


def _too_many_tries(request: HttpRequest, refusal: TooManyTries) -> HttpResponse:
    """Say how long to wait, the same for every account, known or not."""
    seconds = math.ceil(refusal.wait.total_seconds())
    response = render(
        request,
        "errors/429.html",
        {"wait_minutes": math.ceil(seconds / 60)},
        status=HTTPStatus.TOO_MANY_REQUESTS,
    )
    response["Retry-After"] = str(seconds)
    return response


def _demo() -> dict[str, Any]:
    """Return the accounts of the demo world, which nobody needs to keep secret."""
    if not settings.DEMO:
        return {}
    rows = Membership.objects.filter(ended_at=None, user__email__endswith=".example")
    # A person with several roles is listed once, with the first.
    accounts: dict[str, dict[str, str]] = {}
    for row in rows.select_related("user", "organisation").order_by("pk"):
        shown = {
            "email": row.user.email,
            "role": row.get_role_display(),
            "organisation": row.organisation.name,
            "url": f"{reverse('sign-in')}?as={row.user.email}",
        }
        accounts.setdefault(row.user.email, shown)
    return {"demo_accounts": accounts.values(), "demo_password": DEMO_PASSWORD}


def _safe_next(request: HttpRequest) -> str:
    """Return where to go after sign-in, only if it is on this site."""
    url = request.POST.get("next") or request.GET.get("next", "")
    is_safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if is_safe else ""
