"""Pages of custody: who has seen an incident, legal holds, erasure."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from incidents.custody.erasable_rows import chosen_fields, rows_of
from incidents.custody.forms import ErasureForm, HoldForm, ToldForm
from incidents.custody.holds import place_hold, release_hold
from incidents.custody.lists import (
    decider,
    erasures_for,
    find_erasure,
    find_hold,
    holds_for,
    note_listed,
    subject_of,
)
from incidents.custody.models import Erasure, ErasureState, Hold
from incidents.custody.readers import (
    may_see_names,
    other_readers,
    readings_of,
    shown_readings,
)
from incidents.custody.recipients import find_notice, mark_told, notices_for
from incidents.custody.requests import (
    approve_erasure,
    ask_erasure,
    carry_out,
    decline_erasure,
)
from incidents.custody.standing import standing_values
from incidents.errors import BadInput, NotAllowed, NotPossible
from incidents.incident.access import actor_for
from incidents.incident.action_forms import ReasonForm
from incidents.incident.page import note_incident, see_incident
from incidents.organisations.roles import Action, organisations_allowing
from incidents.pages import PageRequest, page, reader_of
from incidents.timers.clock import read_now

_READINGS: Final = 50
_SHOWN: Final = 200


@page("GET")
def incident_custody(request: PageRequest, ref: str) -> HttpResponse:
    """Show who has opened the incident, its holds, and what of it is erased."""
    return _incident_page(request, ref)


@page("GET")
def custody(request: PageRequest) -> HttpResponse:
    """Show all holds and erasures of the person's organisations."""
    return _list_page(request)


@page("POST")
def hold_place(request: PageRequest) -> HttpResponse:
    """Place a hold on an incident or on a person."""
    form = HoldForm(
        request.POST, ref=request.POST.get("incident", ""), auto_id="id_hold_%s"
    )

    def act(given: dict[str, Any]) -> None:
        side, on = _subject(request, given)
        place_hold(
            side,
            on=on,
            matter=given["matter"],
            reason=given["reason"],
            user=request.user,
            actor=actor_for(request.user, side),
            now=read_now(),
        )
        messages.success(request, "The hold is placed.")

    return _act(
        request, form, act, ref=request.POST.get("incident", ""), hold_form=form
    )


@page("POST")
def hold_release(request: PageRequest, uid: UUID) -> HttpResponse:
    """Release a hold."""
    hold = find_hold(request.user, uid)

    def act(given: dict[str, Any]) -> None:
        release_hold(
            hold,
            reason=given["reason"],
            user=request.user,
            actor=decider(request.user, hold),
            now=read_now(),
        )
        messages.success(request, "The hold is released.")

    return _act(request, ReasonForm(request.POST), act, ref=_ref(hold))


@page("POST")
def erasure_ask(request: PageRequest) -> HttpResponse:
    """Ask for an erasure."""
    ref = request.POST.get("incident", "")
    form = ErasureForm(request.POST, ref=ref, auto_id="id_erase_%s")

    def act(given: dict[str, Any]) -> None:
        side, of = _subject(request, given)
        erasure = ask_erasure(
            side,
            of=of,
            fields=chosen_fields(request.POST.getlist("value")),
            basis=given["basis"],
            reason=given["reason"],
            user=request.user,
            actor=actor_for(request.user, side),
            now=read_now(),
        )
        _say(request, erasure)

    return _act(request, form, act, ref=ref, erasure_form=form)


@page("POST")
def erasure_approve(request: PageRequest, uid: UUID) -> HttpResponse:
    """Approve an erasure, or carry out one that is approved."""
    erasure = find_erasure(request.user, uid)

    def act(_: dict[str, Any]) -> None:
        actor, now = decider(request.user, erasure), read_now()
        if erasure.state == ErasureState.APPROVED:
            done = carry_out(erasure, actor=actor, now=now)
        else:
            done = approve_erasure(erasure, user=request.user, actor=actor, now=now)
        _say(request, done)

    return _act(request, Form({}), act, ref=_ref(erasure))


@page("POST")
def erasure_decline(request: PageRequest, uid: UUID) -> HttpResponse:
    """Decline an erasure."""
    erasure = find_erasure(request.user, uid)

    def act(given: dict[str, Any]) -> None:
        decline_erasure(
            erasure,
            reason=given["reason"],
            actor=decider(request.user, erasure),
            now=read_now(),
        )
        messages.success(request, "The request is declined.")

    return _act(request, ReasonForm(request.POST), act, ref=_ref(erasure))


@page("POST")
def recipient_told(request: PageRequest, uid: UUID) -> HttpResponse:
    """Note that a recipient was told of an erasure."""
    notice = find_notice(request.user, uid)

    def act(given: dict[str, Any]) -> None:
        mark_told(
            notice,
            how=given["how"],
            user=request.user,
            actor=actor_for(request.user, notice.organisation),
            now=read_now(),
        )
        messages.success(request, "Noted: they were told.")

    return _act(request, ToldForm(request.POST), act, ref="")


def _act(
    request: PageRequest,
    form: Form,
    act: Callable[[dict[str, Any]], None],
    *,
    ref: str,
    **bound: Form,
) -> HttpResponse:
    """Do what the form says and go back; with a mistake in it the page comes back."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    if form.is_valid():
        try:
            act(form.cleaned_data)
        except BadInput as error:
            where = error.field if error.field in form.fields else None
            form.add_error(where, error.message)
        except NotPossible as error:
            form.add_error(None, error.message)
            status = HTTPStatus.CONFLICT
    if not form.errors:
        return redirect("incident-custody", ref) if ref else redirect("custody")
    if not bound:
        for problems in form.errors.values():
            messages.error(request, " ".join(str(text) for text in problems))
    if ref:
        return _incident_page(request, ref, status=status, **bound)
    return _list_page(request, status=status, **bound)


def _incident_page(
    request: PageRequest, ref: str, *, status: int = HTTPStatus.OK, **bound: Form
) -> HttpResponse:
    seen = see_incident(request, ref)
    note_incident(request, seen)
    incident, may = seen.incident, seen.side_allowing(Action.APPROVE)
    side_ids = [may.pk, *seen.side_ids] if may else seen.side_ids
    entries = readings_of(incident, seen.side_ids).order_by("-id")
    readings = Paginator(entries, _READINGS).get_page(request.GET.get("page"))
    holds = incident.holds.filter(organisation__in=side_ids)
    context = {
        "incident": incident,
        "readings": shown_readings(
            readings, names=may_see_names(request.user, seen.sides)
        ),
        "pages": _pages(readings),
        "others": other_readers(incident, seen.side_ids),
        "may_decide": may is not None,
        "holds": _held(holds_for(request.user).filter(pk__in=holds)) if may else [],
        "erasures": _asked(
            request, erasures_for(request.user).filter(incident=incident)
        ),
        "recipients": _recipients(notices_for(request.user).filter(incident=incident)),
        "values": rows_of(incident, may) if may else [],
        "hold_form": HoldForm(ref=incident.ref, auto_id="id_hold_%s"),
        "erasure_form": ErasureForm(ref=incident.ref, auto_id="id_erase_%s"),
        **bound,
    }
    return render(request, "incidents/custody/incident.html", context, status=status)


def _list_page(
    request: PageRequest, *, status: int = HTTPStatus.OK, **bound: Form
) -> HttpResponse:
    if not organisations_allowing(request.user, Action.APPROVE):
        raise NotAllowed(f"None of your roles lets you {Action.APPROVE.label}.")
    holds = _held(holds_for(request.user))
    erasures = _asked(request, erasures_for(request.user))
    recipients = _recipients(notices_for(request.user))
    note_listed(
        [shown["row"] for shown in (*holds, *erasures, *recipients)],
        user=request.user,
        reader=reader_of(request),
        now=read_now(),
    )
    context = {
        "may_decide": True,
        "holds": holds,
        "erasures": erasures,
        "recipients": recipients,
        "standing": standing_values(),
        "hold_form": HoldForm(auto_id="id_hold_%s"),
        "erasure_form": ErasureForm(auto_id="id_erase_%s"),
        **bound,
    }
    return render(request, "incidents/custody/list.html", context, status=status)


def _held(rows: Any) -> list[dict[str, Any]]:
    return [
        {
            "row": row,
            "about": row.incident or row.person,
            "release_url": ""
            if row.released_at
            else reverse("custody-release", args=[row.uid]),
        }
        for row in rows.order_by("-placed_at", "-pk")[:_SHOWN]
    ]


def _recipients(rows: Any) -> list[dict[str, Any]]:
    return [
        {"row": row, "told_url": reverse("recipient-told", args=[row.uid])}
        for row in rows[:_SHOWN]
    ]


def _asked(request: PageRequest, rows: Any) -> list[dict[str, Any]]:
    return [
        {
            "row": row,
            "about": row.incident or row.person,
            "said_yes": [approval.user for approval in row.approvals.all()],
            "approve_url": _approve_url(request, row),
            "decline_url": reverse("custody-decline", args=[row.uid])
            if row.state == ErasureState.ASKED
            else "",
        }
        for row in rows.order_by("-asked_at", "-pk")[:_SHOWN]
    ]


def _approve_url(request: PageRequest, row: Erasure) -> str:
    """Return where the reader says yes, if they may and have not."""
    has_said = any(a.user_id == request.user.pk for a in row.approvals.all())
    may = row.state == ErasureState.ASKED and not has_said
    if row.person_id == request.user.pk:
        may = False
    if may or row.state == ErasureState.APPROVED:
        return reverse("custody-approve", args=[row.uid])
    return ""


def _pages(found: Any) -> dict[str, str]:
    newer = f"?page={found.previous_page_number()}" if found.has_previous() else ""
    older = f"?page={found.next_page_number()}" if found.has_next() else ""
    return {"previous_url": newer, "next_url": older, "count_text": ""}


def _subject(request: PageRequest, given: dict[str, Any]) -> Any:
    incident, person = given.get("incident", ""), given.get("person", "")
    return subject_of(request.user, incident=incident, person=person)


def _ref(row: Hold | Erasure) -> str:
    return row.incident.ref if row.incident else ""


def _say(request: PageRequest, erasure: Erasure) -> None:
    if erasure.state == ErasureState.REFUSED:
        messages.error(request, f"Refused, and recorded: {erasure.settled_reason}")
    elif erasure.state == ErasureState.DONE:
        messages.success(request, "It is erased, and the record says so.")
    else:
        messages.success(request, "Recorded. Two people must approve it.")
