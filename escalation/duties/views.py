"""The page of legal duties on an incident, and what people do on it."""

from datetime import datetime
from typing import Any

from django.forms import Form
from django.http import HttpResponse

from escalation.duties.decisions import Judgement, confirm, decide
from escalation.duties.forms import (
    ChooseForm,
    DecisionForm,
    NoteForm,
    WithdrawForm,
)
from escalation.duties.instants import choose_anchor, note_anchor, withdraw_anchor
from escalation.duties.lookup import anchor_of, decision_of, require
from escalation.duties.page import Duties, act_on_duties, see_duties, show_duties
from escalation.duties.record_section import choosable
from incidents.errors import BadInput
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page


@page("GET")
def incident_duties(request: PageRequest, ref: str) -> HttpResponse:
    """Show what laws may want of the reader's organisation, and how it stands."""
    return show_duties(request, see_duties(request, ref))


@page("POST")
def duties_note(request: PageRequest, ref: str) -> HttpResponse:
    """Note an instant."""
    duties = see_duties(request, ref)
    require(duties.may(Action.DUTIES), Action.DUTIES)
    form = NoteForm(request.POST, auto_id="id_note_%s")
    return act_on_duties(
        request, duties, "note", form, lambda given: _note(duties, given), at="record"
    )


@page("POST")
def duties_choose(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """Have a candidate count under a regime."""
    duties = see_duties(request, ref)
    value = anchor_of(duties.incident, [duties.side], pk)
    require(duties.may(Action.DUTIES), Action.DUTIES)
    name = f"choose-{pk}"
    form = ChooseForm(
        request.POST,
        regimes=choosable(duties, value),
        auto_id=f"id_choose_{pk}_%s",
    )
    return act_on_duties(
        request,
        duties,
        name,
        form,
        lambda given: choose_anchor(
            value,
            regime_id=given["regime"],
            reason=given["reason"],
            author=request.user,
            now=duties.seen.now,
        ),
        at="record",
    )


@page("POST")
def duties_withdraw(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """Take back a candidate that was wrong."""
    duties = see_duties(request, ref)
    value = anchor_of(duties.incident, [duties.side], pk)
    require(duties.may(Action.DUTIES), Action.DUTIES)
    return act_on_duties(
        request,
        duties,
        f"withdraw-{pk}",
        WithdrawForm(request.POST, auto_id=f"id_withdraw_{pk}_%s"),
        lambda given: withdraw_anchor(
            value, reason=given["reason"], author=request.user, now=duties.seen.now
        ),
        at="record",
    )


@page("POST")
def duties_decide(request: PageRequest, ref: str) -> HttpResponse:
    """Write down a verdict under one regime."""
    duties = see_duties(request, ref)
    require(duties.may(Action.DUTIES), Action.DUTIES)
    regime_id = request.POST.get("regime", "")
    registered = duties.regimes.get(regime_id)
    if registered is None:
        known = ", ".join(duties.watched) or "none is watched"
        raise BadInput("regime", regime_id, f"Use one of your own: {known}.")
    form = DecisionForm(
        request.POST, registered=registered, auto_id=f"id_decide_{regime_id}_%s"
    )
    return act_on_duties(
        request,
        duties,
        f"decide-{regime_id}",
        form,
        lambda given: decide(
            duties.incident,
            Judgement(
                regime_id=regime_id,
                verdict=given["verdict"],
                reason=given["reason"],
                limbs=given.get("limbs", []),
                review_on=given["review_on"],
            ),
            organisation=duties.side,
            author=request.user,
            now=duties.seen.now,
        ),
        at="decisions",
    )


@page("POST")
def duties_confirm(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """Confirm what another person decided."""
    duties = see_duties(request, ref)
    decision = decision_of(duties.incident, [duties.side], pk)
    require(duties.may(Action.APPROVE), Action.APPROVE)
    return act_on_duties(
        request,
        duties,
        f"confirm-{pk}",
        Form({}),
        lambda _: confirm(decision, by=request.user, now=duties.seen.now),
        at="decisions",
    )


def _note(duties: Duties, given: dict[str, Any]) -> datetime:
    written = given["written"]
    return note_anchor(
        duties.incident,
        organisation=duties.side,
        name=given["name"],
        written=written.text,
        at=written.at,
        precision=written.precision,
        source=given["source"],
        reason=given["reason"],
        author=duties.person,
        now=duties.seen.now,
        confirm=given["confirm"],
    ).at
