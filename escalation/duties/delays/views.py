"""What people do about delays on the page of duties."""

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import HttpResponse

from escalation.duties.delays.extensions import (
    Determined,
    confirm_extension,
    record_extension,
    request_extension,
    withdraw_extension,
)
from escalation.duties.delays.forms import (
    AskForm,
    GrantForm,
    NoticeForm,
    RecordForm,
    RefuseForm,
    WithdrawExtensionForm,
)
from escalation.duties.delays.granting import grant_extension, refuse_extension
from escalation.duties.delays.lookup import (
    answering_agency,
    clock_to_delay,
    confirming,
    extension_of,
    side_that_withdraws,
)
from escalation.duties.delays.notices import NewNotice, notify_delay
from escalation.duties.delays.section import agency_choices, id_of
from escalation.duties.page import Duties, act_on_duties, see_duties
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.directory import agency_named
from incidents.pages import PageRequest, page


@page("POST")
def duties_delay_notice(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """Tell an authority that a limit cannot be met."""
    duties = see_duties(request, ref)
    clock = clock_to_delay(duties.incident, [duties.side], pk, request.user, tells=True)
    name = "duties-delay-notice"
    form = NoticeForm(request.POST, agencies=agency_choices(), auto_id=id_of(name, pk))
    return _act(
        request,
        duties,
        f"{name}-{pk}",
        form,
        lambda given: notify_delay(clock, _notice(given), **_who(duties)),
    )


@page("POST")
def duties_extension_ask(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """Ask an agency on this instance for more time."""
    duties = see_duties(request, ref)
    clock = clock_to_delay(duties.incident, [duties.side], pk, request.user, tells=True)
    name = "duties-extension-ask"
    form = AskForm(request.POST, agencies=agency_choices(), auto_id=id_of(name, pk))
    return _act(
        request,
        duties,
        f"{name}-{pk}",
        form,
        lambda given: request_extension(
            clock,
            agency=agency_named(given["agency"]),
            until=given["until"],
            reason=given["reason"],
            **_who(duties),
        ),
    )


@page("POST")
def duties_extension_record(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """Record what another authority determined."""
    duties = see_duties(request, ref)
    clock = clock_to_delay(
        duties.incident, [duties.side], pk, request.user, tells=False
    )
    name = "duties-extension-record"
    form = RecordForm(request.POST, request.FILES, auto_id=id_of(name, pk))
    return _act(
        request,
        duties,
        f"{name}-{pk}",
        form,
        lambda given: record_extension(clock, _word(given), **_who(duties)),
    )


@page("POST")
def duties_extension_confirm(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """Confirm what another person recorded."""
    duties = see_duties(request, ref)
    row = extension_of(duties.incident, [duties.side], pk)
    confirming(row, request.user)
    return _act(
        request,
        duties,
        f"duties-extension-confirm-{pk}",
        Form({}),
        lambda _: confirm_extension(row, by=request.user, now=duties.seen.now),
    )


@page("POST")
def duties_extension_withdraw(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """Take an extension back."""
    duties = see_duties(request, ref)
    row = extension_of(duties.incident, [duties.side], pk)
    side = side_that_withdraws(row, [duties.side], request.user)
    name = "duties-extension-withdraw"
    return _act(
        request,
        duties,
        f"{name}-{pk}",
        WithdrawExtensionForm(request.POST, auto_id=id_of(name, pk)),
        lambda given: withdraw_extension(
            row,
            reason=given["reason"],
            by=request.user,
            side=side,
            now=duties.seen.now,
        ),
    )


@page("POST")
def duties_extension_grant(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """Grant a lab more time."""
    duties = see_duties(request, ref)
    row = extension_of(duties.incident, [duties.side], pk)
    agency = answering_agency(row, [duties.side], request.user)
    name = "duties-extension-grant"
    return _act(
        request,
        duties,
        f"{name}-{pk}",
        GrantForm(request.POST, auto_id=id_of(name, pk)),
        lambda given: grant_extension(row, **given, **_who(duties, agency)),
    )


@page("POST")
def duties_extension_refuse(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """Refuse a lab more time."""
    duties = see_duties(request, ref)
    row = extension_of(duties.incident, [duties.side], pk)
    agency = answering_agency(row, [duties.side], request.user)
    name = "duties-extension-refuse"
    return _act(
        request,
        duties,
        f"{name}-{pk}",
        RefuseForm(request.POST, auto_id=id_of(name, pk)),
        lambda given: refuse_extension(row, **given, **_who(duties, agency)),
    )


def _act(
    request: PageRequest,
    duties: Duties,
    name: str,
    form: Form,
    act: Callable[[dict[str, Any]], object],
) -> HttpResponse:
    return act_on_duties(request, duties, name, form, act, at="delays")


def _who(duties: Duties, side: Organisation | None = None) -> dict[str, Any]:
    actor = actor_for(duties.person, side or duties.side)
    return {"user": duties.person, "actor": actor, "now": duties.seen.now}


def _notice(given: dict[str, Any]) -> NewNotice:
    slug = given.pop("agency")
    return NewNotice(agency=agency_named(slug) if slug else None, **given)


def _word(given: dict[str, Any]) -> Determined:
    file = given.pop("file")
    return Determined(upload=file, filename=file.name, **given)
