"""Pages of those who decide on mail; to everybody else they are not there."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header

from incidents.errors import BadInput
from incidents.incident.access import named_incident
from incidents.incident.downloads import DOWNLOAD_POLICY
from incidents.incident.media_types import safe_filename
from incidents.mail.addresses import address_of
from incidents.mail.forms import AcceptForm, AttachForm, DiscardForm
from incidents.mail.mailboxes import MailboxDraft, mailboxes_of
from incidents.mail.models import Mail, Mailbox, MailState
from incidents.mail.reading import Letter
from incidents.mail.review import (
    accept_as_report,
    attach_as_comment,
    discard,
    find_mail,
    letter_of,
    note_mail_read,
)
from incidents.mail.settling import MAX_TEXT, title_of
from incidents.organisations.models import User
from incidents.organisations.roles import Action, organisations_allowing
from incidents.pages import PageRequest, page, reader_of
from incidents.timers.clock import read_now

_SHOWN: Final = 200
_TABS: Final = (
    ("Held", MailState.HELD),
    ("Reports", MailState.REPORTED),
    ("Comments", MailState.COMMENTED),
    ("Not acted on", MailState.IGNORED),
    ("Discarded", MailState.DISCARDED),
)


@page("GET")
def mail_list(request: PageRequest) -> HttpResponse:
    """Show the mail of the person's organisations, what is held first."""
    state = request.GET.get("state", MailState.HELD)
    if state not in MailState.values:
        state = MailState.HELD
    visible = Mail.objects.visible_to(request.user)
    rows = visible.filter(state=state).select_related("organisation", "incident")
    found = list(rows.defer("raw").order_by("-pk")[:_SHOWN])
    note_mail_read(
        found,
        user=request.user,
        reader=reader_of(request),
        target="list",
        now=read_now(),
    )
    context = {
        "mails": found,
        "tabs": _tabs(request.user, state),
        "state": MailState(state),
        "addresses": [
            {"organisation": box.organisation.name, "address": address_of(box)}
            for box in mailboxes_of(request.user)
        ],
        "may_configure": bool(organisations_allowing(request.user, Action.CONFIGURE)),
    }
    return render(request, "incidents/mail/list.html", context)


@page("GET")
def mail_detail(request: PageRequest, uid: UUID) -> HttpResponse:
    """Show one mail as text, and what may be done about it."""
    return _detail(request, find_mail(request.user, uid))


@page("POST")
def mail_accept(request: PageRequest, uid: UUID) -> HttpResponse:
    """Open an incident with the mail."""
    mail = find_mail(request.user, uid)
    form = AcceptForm(request.POST, auto_id="id_accept_%s")
    if not form.is_valid():
        return _detail(request, mail, accept=form)
    incident = accept_as_report(mail, form.draft(), user=request.user, now=read_now())
    messages.success(request, "The incident is open, with the files of the mail.")
    return redirect(incident)


@page("POST")
def mail_attach(request: PageRequest, uid: UUID) -> HttpResponse:
    """Add the mail to an incident."""
    mail = find_mail(request.user, uid)
    form = AttachForm(request.POST, auto_id="id_attach_%s")

    def act() -> HttpResponse:
        ref = form.cleaned_data["incident"]
        incident = named_incident(request.user, ref, field="incident")
        attach_as_comment(mail, incident, user=request.user, now=read_now())
        messages.success(request, f"Added to {incident.ref}.")
        return redirect(incident)

    return _acted(request, mail, form, act, name="attach")


@page("POST")
def mail_discard(request: PageRequest, uid: UUID) -> HttpResponse:
    """Put the mail away, with a reason."""
    mail = find_mail(request.user, uid)
    form = DiscardForm(request.POST, auto_id="id_discard_%s")

    def act() -> HttpResponse:
        reason = form.cleaned_data["reason"]
        discard(mail, reason=reason, user=request.user, now=read_now())
        messages.success(request, "Discarded. It can still be taken up.")
        return redirect("mail-list")

    return _acted(request, mail, form, act, name="discard")


@page("GET")
def mail_file(request: PageRequest, uid: UUID, number: int) -> HttpResponse:
    """Download a file of a mail, counted from 1; 0 is the mail as it came."""
    return file_response(
        request.user, find_mail(request.user, uid), number, reader=reader_of(request)
    )


def file_response(user: User, mail: Mail, number: int, *, reader: str) -> HttpResponse:
    """Record the read, then return the file as a download. Raises Http404."""
    letter = letter_of(mail)
    if letter is None or number > len(letter.files):
        raise Http404
    note_mail_read([mail], user=user, reader=reader, target="mail", now=read_now())
    if number:
        file = letter.files[number - 1]
        name, content = safe_filename(file.filename), file.content
    else:
        name, content = f"{mail.uid}.eml", bytes(mail.raw or b"")
    response = HttpResponse(content, content_type="application/octet-stream")
    disposition = content_disposition_header(True, name) or "attachment"
    response.headers["Content-Disposition"] = disposition
    response.headers["Content-Security-Policy"] = DOWNLOAD_POLICY
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _acted(
    request: PageRequest,
    mail: Mail,
    form: Form,
    act: Callable[[], HttpResponse],
    *,
    name: str,
) -> HttpResponse:
    if form.is_valid():
        try:
            return act()
        except BadInput as error:
            known = error.field if error.field in form.fields else None
            form.add_error(known, error.remedy)
    return _detail(request, mail, **{name: form})


def _detail(request: PageRequest, mail: Mail, **sent: Form) -> HttpResponse:
    note_mail_read(
        [mail],
        user=request.user,
        reader=reader_of(request),
        target="mail",
        now=read_now(),
    )
    letter = letter_of(mail)
    context: dict[str, Any] = {"mail": mail, "letter": letter}
    if mail.is_undecided and letter is not None:
        context["forms"] = _forms(mail, letter) | sent
    status = HTTPStatus.UNPROCESSABLE_ENTITY if sent else HTTPStatus.OK
    return render(request, "incidents/mail/detail.html", context, status=status)


def _forms(mail: Mail, letter: Letter) -> dict[str, Form]:
    box = Mailbox.objects.filter(organisation=mail.organisation_id).first()
    usual = box or MailboxDraft()
    initial = {
        "title": title_of(letter),
        "description": letter.text[:MAX_TEXT],
        "category": usual.default_category,
        "severity": usual.default_severity,
        "tlp": usual.default_tlp,
    }
    return {
        "accept": AcceptForm(initial=initial, auto_id="id_accept_%s"),
        "attach": AttachForm(
            initial={"incident": mail.named_ref}, auto_id="id_attach_%s"
        ),
        "discard": DiscardForm(auto_id="id_discard_%s"),
    }


def _tabs(user: User, state: str) -> list[dict[str, Any]]:
    rows = Mail.objects.visible_to(user).order_by().values_list("state")
    counts = dict(rows.annotate(count=Count("pk")))
    url = reverse("mail-list")
    return [
        {
            "label": label,
            "url": f"{url}?state={value}",
            "is_current": value == state,
            "count": counts.get(value, 0),
        }
        for label, value in _TABS
    ]
