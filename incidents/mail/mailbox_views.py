"""The page on which an administrator opens, changes and renews the address for mail."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from incidents.incident.access import actor_for
from incidents.mail.addresses import address_of
from incidents.mail.forms import MailboxForm
from incidents.mail.mailboxes import (
    KEPT_DAYS,
    OPTIONS,
    MailboxDraft,
    rotate_address,
    save_mailbox,
)
from incidents.mail.models import Mailbox
from incidents.mail.source_addresses import mailed_sources, source_address
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now


@page("GET", "POST")
def mailbox(request: PageRequest) -> HttpResponse:
    """Show the address of an organisation, and change what its mail is filed as."""
    organisation = _chosen(request)
    box = Mailbox.objects.filter(organisation=organisation).first()
    if request.method != "POST":
        present = box or MailboxDraft()
        initial = {name: getattr(present, name) for name in OPTIONS}
        return _page(request, organisation, box, MailboxForm(initial=initial))
    form = MailboxForm(request.POST)
    if not form.is_valid():
        return _page(
            request, organisation, box, form, status=HTTPStatus.UNPROCESSABLE_ENTITY
        )
    save_mailbox(
        organisation,
        MailboxDraft(**form.cleaned_data),
        actor=actor_for(request.user, organisation),
        now=read_now(),
    )
    messages.success(request, "Saved.")
    return _back(organisation)


@page("POST")
def mailbox_rotate(request: PageRequest) -> HttpResponse:
    """Give an organisation another address."""
    organisation = _chosen(request)
    keeps = "keep_old" in request.POST
    rotate_address(
        organisation,
        keep_old=keeps,
        actor=actor_for(request.user, organisation),
        now=read_now(),
    )
    until = f" The former one goes on for {KEPT_DAYS} days." if keeps else ""
    messages.success(request, f"This is the new address.{until}")
    return _back(organisation)


def _chosen(request: PageRequest) -> Organisation:
    slug = request.POST.get("organisation") or request.GET.get("organisation", "")
    return organisation_for(request.user, Action.CONFIGURE, slug=slug)


def _back(organisation: Organisation) -> HttpResponse:
    return redirect(f"{reverse('mailbox-edit')}?organisation={organisation.slug}")


def _page(
    request: PageRequest,
    organisation: Organisation,
    box: Mailbox | None,
    form: MailboxForm,
    *,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    context: dict[str, Any] = {
        "box": box,
        "form": form,
        "organisation": organisation,
        "address": address_of(box) if box else "",
        "sources": [
            {"name": source.name, "address": source_address(source)}
            for source in mailed_sources([organisation])
        ],
        "takes_mail": bool(settings.MAIL_LISTEN),
        "relay": settings.MAIL_TRUSTED_RELAY,
        "kept_days": KEPT_DAYS,
    }
    return render(request, "incidents/mail/mailbox.html", context, status=status)
