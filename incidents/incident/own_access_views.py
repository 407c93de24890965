"""Change the own password, make and end own API tokens; each change is recorded.

It stands in this slice because it is the lowest that may both record and read the clock.
"""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from incidents.events.own_access import end_token, make_token, note_password
from incidents.events.record import recording
from incidents.organisations.forms import TokenForm
from incidents.organisations.views import account_page
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now


@sensitive_post_parameters()
@page("GET", "POST")
def password_change(request: PageRequest) -> HttpResponse:
    """Change the own password; every other session ends."""
    form = PasswordChangeForm(request.user, request.POST or None)
    if form.is_valid():
        with recording(read_now()):
            form.save()
            note_password(request.user)
        update_session_auth_hash(request, request.user)
        messages.success(request, "Your password is changed.")
        return redirect("account")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    template = "incidents/organisations/password_change.html"
    return render(request, template, {"form": form}, status=status)


@page("POST")
def token_new(request: PageRequest) -> HttpResponse:
    """Make an API token and show it this once."""
    form = TokenForm(request.POST, auto_id="id_token_%s")
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return account_page(request, status=status, token_form=form)
    _, text = make_token(
        request.user,
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        # The age of a token is real time, as where it is checked.
        expires_at=form.expires_at(timezone.now()),
        now=read_now(),
    )
    return account_page(request, new_token=text)


@page("POST")
def token_revoke(request: PageRequest, pk: int) -> HttpResponse:
    """End one of the own tokens."""
    token = request.user.api_tokens.filter(pk=pk).first()
    if token is None:
        raise Http404
    end_token(token, at=timezone.now(), now=read_now())
    messages.success(request, f"The token {token.name} is revoked.")
    return redirect("account")
