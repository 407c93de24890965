"""Pages of contact methods and their verification, and the demo's mailbox."""

import secrets
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from escalation.notifications.forms import CodeForm, ContactMethodForm
from escalation.notifications.mailbox import (
    MailboxMessage,
    has_mailbox,
    list_messages,
    read_message,
)
from escalation.notifications.methods import add_contact_method, remove_contact_method
from escalation.notifications.models import ContactMethod
from escalation.notifications.verification import confirm, start_verification
from incidents.errors import BadInput, NotPossible
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.views import account_page
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now


@page("POST")
def contact_method_new(request: PageRequest) -> HttpResponse:
    """Add a way to reach the reader and send a code to it."""
    form = ContactMethodForm(request.POST, auto_id="id_contact_%s", person=request.user)
    added = _add(request, form) if form.is_valid() else None
    if added is None:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return account_page(request, status=status, contact_form=form)
    method, secret = added
    _send_code(request, method)
    if not secret:
        return redirect("contact-method-verify", method.pk)
    verify_url = reverse("contact-method-verify", args=[method.pk])
    return account_page(request, new_secret=secret, verify_url=verify_url)


@page("GET", "POST")
def contact_method_verify(request: PageRequest, pk: int) -> HttpResponse:
    """Take the code that arrived."""
    method = _own(request, pk)
    if method.verified_at is not None:
        return redirect("account")
    form = CodeForm(request.POST or None)
    if form.is_valid() and _confirmed(request, method, form):
        messages.success(request, f"{method.address} is verified and can be paged.")
        return redirect("account")
    context = {"method": method, "form": form, "sent_at": method.verification_sent_at}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    template = "escalation/notifications/verify.html"
    return render(request, template, context, status=status)


@page("POST")
def contact_method_resend(request: PageRequest, pk: int) -> HttpResponse:
    """Send another code; the one before it stops working."""
    method = _own(request, pk)
    _send_code(request, method)
    return redirect("contact-method-verify", method.pk)


@page("POST")
def contact_method_delete(request: PageRequest, pk: int) -> HttpResponse:
    """Stop using a contact method."""
    method = _own(request, pk)
    actor = actor_for(request.user, method.organisation)
    remove_contact_method(method, actor=actor, now=read_now())
    messages.success(request, f"{method.address} is removed.")
    return redirect("account")


@page("GET")
def mailbox(request: PageRequest) -> HttpResponse:
    """Show the demo's mail to the reader's own organisations."""
    _require_mailbox()
    mails = [
        mail for mail in list_messages(settings.MAILBOX_DIR) if _is_ours(request, mail)
    ]
    return render(request, "escalation/notifications/mailbox.html", {"mails": mails})


@page("GET")
def mailbox_message(request: PageRequest, name: str) -> HttpResponse:
    """Show one message of the demo's mailbox."""
    _require_mailbox()
    mail = read_message(settings.MAILBOX_DIR, name)
    if mail is None or not _is_ours(request, mail):
        raise Http404
    template = "escalation/notifications/mailbox_message.html"
    return render(request, template, {"mail": mail})


def _add(
    request: PageRequest, form: ContactMethodForm
) -> tuple[ContactMethod, str] | None:
    """Add the method of a valid form; a mistake goes to its field."""
    organisation = form.cleaned_data["organisation"]
    channel = form.cleaned_data["channel"]
    try:
        return add_contact_method(
            organisation,
            user=request.user,
            slug=f"{channel}-{secrets.token_hex(4)}",
            channel=channel,
            address=form.cleaned_data["address"],
            actor=actor_for(request.user, organisation),
            now=read_now(),
        )
    except BadInput as error:
        field = error.field if error.field in form.fields else None
        form.add_error(field, error.remedy)
        return None


def _send_code(request: PageRequest, method: ContactMethod) -> None:
    try:
        start_verification(method, now=read_now())
    except NotPossible as error:
        messages.error(request, error.message)


def _confirmed(request: PageRequest, method: ContactMethod, form: CodeForm) -> bool:
    try:
        confirm(
            method,
            code=form.cleaned_data["code"],
            actor=actor_for(request.user, method.organisation),
            now=read_now(),
        )
    except BadInput as error:
        form.add_error("code", error.remedy)
    except NotPossible as error:
        form.add_error(None, error.message)
    return not form.errors


def _own(request: PageRequest, pk: int) -> ContactMethod:
    rows = ContactMethod.objects.filter(user=request.user, disabled_at=None)
    method = rows.select_related("organisation").filter(pk=pk).first()
    if method is None:
        raise Http404
    return method


def _require_mailbox() -> None:
    if not has_mailbox():
        raise Http404


def _is_ours(request: PageRequest, mail: MailboxMessage) -> bool:
    """Whether it went to a person or desk of the reader's organisations.

    Without this the demo would show one side what only the other may read.
    """
    own = Organisation.objects.of(request.user).values("pk")
    addresses = ContactMethod.objects.filter(organisation__in=own)
    return addresses.filter(address__iexact=mail.to).exists()
