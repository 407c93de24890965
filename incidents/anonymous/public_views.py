"""The pages of reporters: no account, no cookie, no script, nothing from elsewhere.

`privacy.py` has taken the sender's address out of these requests before they come here.
"""

from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from incidents.anonymous.buckets import Busy
from incidents.anonymous.codes import show_code
from incidents.anonymous.desks import open_desks
from incidents.anonymous.form_tokens import code_of, make_token, once_of, read_token
from incidents.anonymous.forms import CodeForm, MessageForm, ReportForm
from incidents.anonymous.models import AnonymousReport
from incidents.anonymous.receiving import (
    NewReport,
    add_message,
    open_inbox,
    read_answers,
    receive_report,
)
from incidents.anonymous.sealing import Seal
from incidents.anonymous.showing import messages_of
from incidents.anonymous.uploads import MAX_BODY_BYTES, take_uploads
from incidents.errors import BadInput, TooLarge
from incidents.pages import error_page
from incidents.timers.clock import read_now

_STALE: Final = (
    "This page was open for more than a day. Nothing was sent yet: look at it and send "
    "it again. Files have to be chosen again."
)


@csrf_exempt  # no right travels with the browser: see form_tokens.py
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """Take a report and show its code."""
    desks = open_desks()
    if request.method != "POST":
        return _form_page(request, ReportForm(desks=desks))
    if too_large := _too_large(request):
        return too_large
    uploads = take_uploads(request)
    form = ReportForm(request.POST, request.FILES, desks=desks)
    form.skipped = uploads.skipped
    number = read_token(request.POST.get("token", ""))
    if number is None:
        return _again(request, form, _STALE, HTTPStatus.UNPROCESSABLE_ENTITY)
    if not form.is_valid():
        return _form_page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _take(request, form, number)


@csrf_exempt  # as above
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def inbox(request: HttpRequest) -> HttpResponse:
    """Ask for a code and show what is in its inbox."""
    if request.method != "POST":
        return _code_page(request, CodeForm())
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _code_page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _opened(request, form, sent=False)


@csrf_exempt  # as above
@sensitive_post_parameters()
@require_http_methods(["POST"])
def inbox_message(request: HttpRequest) -> HttpResponse:
    """Take a message of a reporter and show the inbox again."""
    if too_large := _too_large(request):
        return too_large
    uploads = take_uploads(request)
    code_form = CodeForm(request.POST)
    form = MessageForm(request.POST, request.FILES)
    form.skipped = uploads.skipped
    if not code_form.is_valid():
        return _code_page(request, code_form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    number = read_token(request.POST.get("token", ""))
    if number is None:
        form.add_error(None, _STALE)
    return _opened(request, code_form, sent=True, form=form, number=number)


def _take(request: HttpRequest, form: ReportForm, number: bytes) -> HttpResponse:
    code = code_of(number)
    said = form.cleaned_data
    new = NewReport(
        desk=form.desk(),
        code=code,
        once=once_of(number),
        title=said["title"],
        text=said["description"],
        category=said["category"],
        files=said["attachments"],
    )
    try:
        stored = receive_report(new, now=read_now())
    except Busy as busy:
        return _retry_later(_again(request, form, busy.message, busy.status), busy)
    context = {
        "code": show_code(code),
        "organisation": stored.organisation,
        "files": [file for row in messages_of(stored) for file in row["files"]],
    }
    return render(request, "incidents/anonymous/public/receipt.html", context)


def _opened(
    request: HttpRequest,
    code_form: CodeForm,
    *,
    sent: bool,
    form: MessageForm | None = None,
    number: bytes | None = None,
) -> HttpResponse:
    """Show the inbox of the code, after storing what was sent."""
    now = read_now()
    try:
        found = open_inbox(code_form.cleaned_data["code"], now=now)
    except BadInput as error:
        code_form.add_error("code", error.remedy)
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _code_page(request, code_form, status=status)
    except Busy as busy:
        code_form.add_error(None, busy.message)
        return _retry_later(_code_page(request, code_form, status=busy.status), busy)
    code = code_form.cleaned_data["code"]
    if form is None or not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if sent else HTTPStatus.OK
        return _inbox_page(request, found, code, form=form, status=status)
    said = form.cleaned_data
    try:
        add_message(
            found,
            text=said["text"],
            files=said["attachments"],
            once=once_of(number or b""),
            now=now,
        )
    except BadInput as error:
        form.add_error(error.field, error.remedy)
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _inbox_page(request, found, code, form=form, status=status)
    except Busy as busy:
        form.add_error(None, busy.message)
        page = _inbox_page(request, found, code, form=form, status=busy.status)
        return _retry_later(page, busy)
    found.refresh_from_db()
    return _inbox_page(request, found, code, is_stored=True)


def _form_page(
    request: HttpRequest, form: ReportForm, *, status: int = HTTPStatus.OK
) -> HttpResponse:
    template = "incidents/anonymous/public/report.html"
    context = {"form": form, "token": _token(request), "place": "report"}
    return render(request, template, context, status=status)


def _again(
    request: HttpRequest, form: ReportForm, message: str, status: int
) -> HttpResponse:
    """Show the form with all that was typed."""
    form.add_error(None, message)
    return _form_page(request, form, status=status)


def _code_page(
    request: HttpRequest, form: CodeForm, *, status: int = HTTPStatus.OK
) -> HttpResponse:
    template = "incidents/anonymous/public/code.html"
    context = {"form": form, "place": "inbox"}
    return render(request, template, context, status=status)


def _inbox_page(
    request: HttpRequest,
    found: AnonymousReport,
    code: str,
    *,
    form: MessageForm | None = None,
    status: int = HTTPStatus.OK,
    **more: Any,
) -> HttpResponse:
    shown = messages_of(found)
    read_answers(found, now=read_now())
    context = {
        "report": found,
        "title": Seal.of(found).title(found),
        "entries": shown,
        "form": form or MessageForm(),
        "code": code,
        # What was stored keeps its number; the next message gets another.
        "token": _token(request) if form else make_token(),
        **more,
    }
    template = "incidents/anonymous/public/inbox.html"
    return render(request, template, context, status=status)


def _token(request: HttpRequest) -> str:
    """Return the number that the form came with, while it is good, else a fresh one."""
    token = request.POST.get("token", "")
    return token if read_token(token) else make_token()


def _too_large(request: HttpRequest) -> HttpResponse | None:
    """Refuse by the announced size, before a byte of it is read."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if not announced.isdecimal() or int(announced) <= MAX_BODY_BYTES:
        return None
    message = f"All files together may have {MAX_BODY_BYTES} bytes; send fewer at once."
    return error_page(TooLarge(message))


def _retry_later(response: HttpResponse, busy: Busy) -> HttpResponse:
    response["Retry-After"] = str(busy.retry_after_seconds)
    return response
