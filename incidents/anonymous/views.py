"""Pages of those who handle anonymous reports; to everybody else they are not there."""

from datetime import datetime
from http import HTTPStatus
from typing import Any, TypedDict
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from incidents.anonymous.desks import handlers_of
from incidents.anonymous.forms import AnswerForm, IncidentForm, ReaderForm
from incidents.anonymous.handling import (
    IncidentDraft,
    answer,
    close,
    find_report,
    make_incident,
    mark_read,
    note_list_read,
    note_report_read,
)
from incidents.anonymous.models import AnonymousReport, ReportFile
from incidents.anonymous.readers import (
    candidates,
    hide_from,
    may_share,
    readers_of,
    show_to,
)
from incidents.anonymous.sealing import Seal, titles_of
from incidents.anonymous.showing import files_of, messages_of
from incidents.anonymous.storing import read_bytes
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.incident.access import actor_for
from incidents.incident.downloads import DOWNLOAD_POLICY
from incidents.organisations.models import User
from incidents.organisations.roles import Action, organisations_allowing
from incidents.pages import PageRequest, page, reader_of
from incidents.timers.clock import read_now

_SHOWN = 200
_ANSWER, _INCIDENT, _READER = "answer", "incident", "reader"


@page("GET")
def report_list(request: PageRequest) -> HttpResponse:
    """Show the reports that the person handles, those with something unread first."""
    visible = AnonymousReport.objects.visible_to(request.user)
    rows = visible.with_unread().select_related("organisation", "incident")
    found = list(rows.order_by("-unread_count", "-pk")[:_SHOWN])
    now = read_now()
    note_list_read(found, user=request.user, reader=reader_of(request), now=now)
    titles = titles_of(found)
    context = {
        "reports": [
            {
                "report": row,
                "title": titles[row.pk],
                "is_late": row.is_status_late(now),
            }
            for row in found
        ],
        "handled": _handled(request),
        "may_configure": bool(organisations_allowing(request.user, Action.CONFIGURE)),
    }
    return render(request, "incidents/anonymous/list.html", context)


@page("GET")
def report_detail(request: PageRequest, ref: str) -> HttpResponse:
    """Show one report with all that was written, and who reads it."""
    return _detail(request, find_report(request.user, ref))


@page("POST")
def report_answer(request: PageRequest, ref: str) -> HttpResponse:
    """Write to the reporter, or close the report with a last word."""
    report = find_report(request.user, ref)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _detail(request, report, forms={_ANSWER: form})
    act = close if "close" in request.POST else answer
    act(
        report,
        text=form.cleaned_data["text"],
        user=request.user,
        actor=actor_for(request.user, report.organisation),
        now=read_now(),
    )
    said = "The report is closed." if act is close else "The reporter can read it now."
    messages.success(request, said)
    return redirect(report)


@page("POST")
def report_incident(request: PageRequest, ref: str) -> HttpResponse:
    """Open an incident with what the handler wrote."""
    report = find_report(request.user, ref)
    form = IncidentForm(request.POST, files=files_of(report), auto_id="id_incident_%s")
    if not form.is_valid():
        return _detail(request, report, forms={_INCIDENT: form})
    said = form.cleaned_data
    incident = make_incident(
        report,
        IncidentDraft(
            title=said["title"],
            description=said["description"],
            category=said["category"],
            severity=said["severity"],
            tlp=said["tlp"],
            is_danger=form.is_danger(),
            files=said.get("chosen", ()),
        ),
        user=request.user,
        actor=actor_for(request.user, report.organisation),
        now=read_now(),
    )
    messages.success(
        request, "The incident is open; the report stays with its handlers."
    )
    return redirect(incident)


@page("POST")
def report_share(request: PageRequest, ref: str) -> HttpResponse:
    """Let one more colleague read this report."""
    report = find_report(request.user, ref)
    form = ReaderForm(request.POST, people=candidates(report), auto_id="id_reader_%s")
    if form.is_valid():
        try:
            show_to(
                report, person=form.cleaned_data["person"], **_doer(request, report)
            )
        except BadInput as error:
            form.add_error("person", error.remedy)
    if form.errors:
        return _detail(request, report, forms={_READER: form})
    messages.success(request, "They can read it now. Every handler is told.")
    return redirect(report)


@page("POST")
def report_unshare(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """End that a colleague reads this report."""
    report = find_report(request.user, ref)
    row = readers_of([report.pk]).filter(pk=pk).first()
    if row is None:
        raise Http404
    hide_from(report, person=row.user.email, **_doer(request, report))
    messages.success(request, "They cannot read it any more. Every handler is told.")
    return redirect(report)


@page("GET")
def report_file(request: PageRequest, ref: str, uid: UUID) -> HttpResponse:
    """Download a file of a reporter; no browser opens it in this site's name."""
    report = find_report(request.user, ref)
    return file_response(request.user, report, uid, reader=reader_of(request))


def file_response(
    user: User, report: AnonymousReport, uid: UUID, *, reader: str
) -> HttpResponse:
    """Record the read, then return the file as a download. Raises Http404."""
    rows = ReportFile.objects.filter(message__report=report, uid=uid)
    file = rows.first()
    if file is None:
        raise Http404
    note_report_read(
        report,
        user=user,
        reader=reader,
        targets=[f"report-file:{file.uid}"],
        now=read_now(),
    )
    data = read_bytes(file, seal=Seal.of(report))
    headers = {
        "Content-Disposition": f'attachment; filename="{file.filename}"',
        "Content-Security-Policy": DOWNLOAD_POLICY,
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(data, content_type="application/octet-stream", headers=headers)


class _Doer(TypedDict):
    user: User
    actor: Actor
    now: datetime


def _doer(request: PageRequest, report: AnonymousReport) -> _Doer:
    actor = actor_for(request.user, report.organisation)
    return {"user": request.user, "actor": actor, "now": read_now()}


def _detail(
    request: PageRequest,
    report: AnonymousReport,
    *,
    forms: dict[str, Any] | None = None,
) -> HttpResponse:
    now = read_now()
    note_report_read(
        report,
        user=request.user,
        reader=reader_of(request),
        targets=[f"report:{report.ref}"],
        now=now,
    )
    shown, files = messages_of(report), files_of(report)
    mark_read(report, now=now)
    title = Seal.of(report).title(report)
    context = {
        "report": report,
        "title": title,
        "entries": shown,
        "is_late": report.is_status_late(now),
        "handlers": handlers_of([report.organisation_id]),
        "readers": readers_of([report.pk]),
        "may_share": may_share(request.user, report),
        "reader_form": ReaderForm(people=candidates(report), auto_id="id_reader_%s"),
        "answer_form": AnswerForm(auto_id="id_answer_%s"),
        "incident_form": IncidentForm(
            files=files,
            auto_id="id_incident_%s",
            initial={"category": report.category},
        ),
        **{f"{name}_form": form for name, form in (forms or {}).items()},
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if forms else HTTPStatus.OK
    return render(request, "incidents/anonymous/detail.html", context, status=status)


def _handled(request: PageRequest) -> list[str]:
    rows = handlers_of(organisations_of(request)).filter(user=request.user)
    return [row.organisation.name for row in rows]


def organisations_of(request: PageRequest) -> list[int]:
    """Return the ids of the person's organisations."""
    rows = request.user.memberships.filter(ended_at=None)
    return list(rows.values_list("organisation_id", flat=True))
