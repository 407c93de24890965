"""Pages of the officer: the queue, the decision, and what goes to and from the lab."""

from http import HTTPStatus
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString

from incidents.errors import BadInput, NotPossible
from incidents.incident.access import (
    acting_organisation,
    actor_for,
    note_reading,
    require_owner,
)
from incidents.incident.actions import primary_of
from incidents.incident.actions_views import act_with, doer
from incidents.incident.page import note_incident, see_incident
from incidents.incident.panels import INCIDENT_PAGE, Seen, merged_context
from incidents.incident.receipts import ACKNOWLEDGED
from incidents.incident.strip import strip_of
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page, reader_of
from incidents.timers.clock import read_now
from incidents.triage import outcomes, questions
from incidents.triage.criteria import OUTCOMES, PRIORITIES
from incidents.triage.decisions import decisions_of
from incidents.triage.forms import AnswerForm, AssignForm, DecisionForm, QuestionForm
from incidents.triage.models import TriageRow
from incidents.triage.panels import shown
from incidents.triage.queue_page import queue_context, queue_page

LINKED_RECEIPTS: Final = 10


@page("GET")
def triage_queue(request: PageRequest) -> HttpResponse:
    """Show the queue of the reader's agencies, the most urgent row first."""
    now = read_now()
    found = queue_page(request, now=now)
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=[row.incident for row in found.rows],
        targets=[f"list:{row.incident.ref}" for row in found.rows],
        now=now,
    )
    context = queue_context(request, found, now=now)
    return render(request, "incidents/triage/queue.html", context)


@page("POST")
def triage_acknowledge(request: PageRequest) -> HttpResponse:
    """Acknowledge the chosen incidents for the reader's agency."""
    agency = organisation_for(request.user, Action.TRIAGE)
    done = outcomes.acknowledge_many(
        request.POST.getlist("ref")[:200],
        organisation=agency,
        user=request.user,
        actor=actor_for(request.user, agency),
        now=read_now(),
    )
    _say_acknowledged(request, done)
    return redirect(_back(request))


@page("GET", "POST")
def triage(request: PageRequest, ref: str) -> HttpResponse:
    """Decide what an incident is to the reader's agency."""
    seen = see_incident(request, ref)
    agency = acting_organisation(request.user, seen.incident, Action.TRIAGE)
    row = _row(seen, agency)
    if request.method != "POST":
        return _triage_page(request, seen, row, _fresh(request, row))
    form = DecisionForm(request.POST, person=request.user, agency=agency)
    if form.is_valid() and _decided(request, seen, agency, form):
        messages.success(request, f"Your decision on {seen.incident.ref} is recorded.")
        return redirect("triage-queue")
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return _triage_page(request, seen, row, form, status=status)


@page("POST")
def triage_assign(request: PageRequest, ref: str) -> HttpResponse:
    """Give the agency's row to somebody."""
    seen = see_incident(request, ref)
    agency = acting_organisation(request.user, seen.incident, Action.TRIAGE)
    form = AssignForm(request.POST, auto_id="id_assign_%s", agency=agency)
    return act_with(
        request,
        seen,
        "assign",
        form,
        lambda given: outcomes.assign(
            seen.incident,
            organisation=agency,
            actor=actor_for(request.user, agency),
            now=seen.now,
            **given,
        ),
    )


@page("POST")
def triage_ask(request: PageRequest, ref: str) -> HttpResponse:
    """Ask the lab; its desk is told."""
    seen = see_incident(request, ref)
    agency = acting_organisation(request.user, seen.incident, Action.TRIAGE)
    who = doer(request, seen, agency)
    form = QuestionForm(request.POST, auto_id="id_ask_%s")
    return act_with(
        request,
        seen,
        "ask",
        form,
        lambda given: questions.request_info(
            seen.incident, organisation=agency, **given, **who
        ),
    )


@page("POST")
def incident_answer(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """Answer an agency's question for the owner."""
    seen = see_incident(request, ref)
    owner = require_owner(request.user, seen.incident, Action.ANSWER)
    question = questions.questions_for(seen.incident, [owner.pk]).filter(pk=pk).first()
    if question is None:
        raise Http404
    who = doer(request, seen, owner)
    form = AnswerForm(request.POST, auto_id=f"id_answer-{pk}_%s")
    return act_with(
        request,
        seen,
        f"answer-{pk}",
        form,
        lambda given: questions.answer(question, **given, **who),
    )


def _row(seen: Seen, agency: Organisation) -> TriageRow:
    rows = TriageRow.objects.select_related("organisation", "owner")
    row = rows.filter(incident=seen.incident, organisation=agency).first()
    if row is None:
        raise Http404
    return row


def _fresh(request: PageRequest, row: TriageRow) -> DecisionForm:
    """Return the form as it was decided before; a first decision starts empty."""
    initial = {
        "outcome": row.outcome,
        "priority": row.priority,
        "owner": row.owner_id,
        "next_review_at": row.next_review_at,
    }
    return DecisionForm(person=request.user, agency=row.organisation, initial=initial)


def _decided(
    request: PageRequest, seen: Seen, agency: Organisation, form: DecisionForm
) -> bool:
    """Record the decision; a mistake goes to its field. Returns whether it was made."""
    try:
        outcomes.decide(
            seen.incident,
            organisation=agency,
            decision=form.decision(),
            **doer(request, seen, agency),
        )
    except BadInput as error:
        field = {"question": "reason"}.get(error.field, error.field)
        form.add_error(field if field in form.fields else None, error.remedy)
    except NotPossible as error:
        form.add_error(None, error.message)
    return not form.errors


def _triage_page(
    request: PageRequest,
    seen: Seen,
    row: TriageRow,
    form: DecisionForm,
    *,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    note_incident(request, seen)
    asked = questions.questions_for(seen.incident, [row.organisation_id])
    parts = INCIDENT_PAGE.parts(seen)
    context: dict[str, Any] = {
        "now": seen.now,
        "incident": seen.incident,
        "strip": strip_of(seen, parts),
        "signing": merged_context(parts).get("signing"),
        "primary": primary_of(seen),
        "form": form,
        "criteria": {"outcomes": OUTCOMES, "priorities": PRIORITIES},
        "decisions": decisions_of(seen.incident, agency=row.organisation),
        "questions": [
            shown(seen, question)
            for question in asked.select_related("asked_by", "answered_by")
        ],
    }
    return render(request, "incidents/triage/triage.html", context, status=status)


def _say_acknowledged(request: PageRequest, done: outcomes.BulkOutcome) -> None:
    if done.acknowledged:
        count = len(done.acknowledged)
        what = done.acknowledged[0] if count == 1 else f"{count} incidents"
        said = format_html("{} acknowledged for your agency. {}", what, _receipts(done))
        messages.success(request, said)
    if done.skipped:
        messages.warning(
            request, f"Left out, closed or gone: {', '.join(done.skipped)}."
        )
    if not done.acknowledged and not done.skipped:
        messages.info(request, "You chose none. Tick the incidents first.")


def _receipts(done: outcomes.BulkOutcome) -> SafeString:
    """Return links to the receipts; past some, the timelines lead to them."""
    named = done.acknowledged[:LINKED_RECEIPTS]
    if len(done.acknowledged) == 1:
        url = reverse("act-receipt", args=[named[0], ACKNOWLEDGED])
        return format_html('<a href="{}">Keep the receipt</a>', url)
    links = format_html_join(
        ", ",
        '<a href="{}">{}</a>',
        ((reverse("act-receipt", args=[ref, ACKNOWLEDGED]), ref) for ref in named),
    )
    rest = "" if len(named) == len(done.acknowledged) else "; more on each timeline"
    return format_html("Keep the receipts: {}{}.", links, rest)


def _back(request: PageRequest) -> str:
    url = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}):
        return url
    return reverse("triage-queue")
