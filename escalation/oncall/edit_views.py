"""Make and change a schedule, with its exact instants before it is saved."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from escalation.oncall.access import find_schedule, require
from escalation.oncall.editing import (
    archive_schedule,
    drafts_of,
    people_of,
    plan_of_draft,
    read_draft,
    save_schedule,
)
from escalation.oncall.forms import (
    RotationForm,
    RotationFormSet,
    ScheduleForm,
    default_rotation,
    initial_of,
    initial_of_rotation,
    members_of,
)
from escalation.oncall.models import Schedule
from escalation.oncall.reading import ScheduleDraft
from escalation.oncall.showing import DAYS, preview_of
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now

_PLACE = re.compile(r"rotations\[(\d+)\]\.?(\w*)")
_FIELDS = {"hours": "active_from"}


@page("GET", "POST")
def schedule_new(request: PageRequest) -> HttpResponse:
    """Make a schedule for the organisation that `?organisation=` names."""
    slug = request.GET.get("organisation", "")
    organisation = organisation_for(request.user, Action.CONFIGURE, slug=slug)
    return _edit(request, organisation, None)


@page("GET", "POST")
def schedule_edit(request: PageRequest, pk: int) -> HttpResponse:
    """Change a schedule as a whole."""
    schedule = find_schedule(request.user, pk)
    require(request.user, schedule, Action.CONFIGURE)
    return _edit(request, schedule.organisation, schedule)


@page("POST")
def schedule_archive(request: PageRequest, pk: int) -> HttpResponse:
    """Take a schedule out of use."""
    schedule = find_schedule(request.user, pk)
    require(request.user, schedule, Action.CONFIGURE)
    actor = actor_for(request.user, schedule.organisation)
    archive_schedule(schedule, actor=actor, now=read_now())
    messages.success(request, f"{schedule.name} is out of use.")
    return redirect("schedule-list")


def _edit(
    request: PageRequest, organisation: Organisation, schedule: Schedule | None
) -> HttpResponse:
    now = read_now()
    form, rotations = _forms(request, organisation, schedule)
    context: dict[str, Any] = {
        "schedule": schedule,
        "organisation": organisation,
        "form": form,
        "rotations": rotations,
        "members": members_of(organisation),
        "days": DAYS,
    }
    draft = _draft(form, rotations) if request.method == "POST" else None
    if draft is not None:
        try:
            people = people_of(organisation, draft)
            if "save" in request.POST:
                return _save(request, organisation, draft, form, schedule)
        except BadInput as error:
            _tell(form, rotations, error)
        else:
            plan = plan_of_draft(draft, people)
            by_id = {user.pk: user for user in people.values()}
            context["preview"] = preview_of(plan, by_id, now=now)
    is_wrong = request.method == "POST" and "preview" not in context
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK
    return render(request, "escalation/oncall/edit.html", context, status=status)


def _forms(
    request: PageRequest, organisation: Organisation, schedule: Schedule | None
) -> tuple[ScheduleForm, Any]:
    members = members_of(organisation)
    if request.method == "POST":
        form = ScheduleForm(request.POST, members=members)
        rotations = RotationFormSet(request.POST, prefix="rotation")
    elif schedule is not None:
        draft = drafts_of([schedule])[schedule.pk]
        initial = {**initial_of(draft), "slug": schedule.slug}
        form = ScheduleForm(members=members, initial=initial)
        numbered = enumerate(draft.rotations, start=1)
        shown = [initial_of_rotation(number, one) for number, one in numbered]
        rotations = RotationFormSet(prefix="rotation", initial=shown)
    else:
        form = ScheduleForm(members=members, initial={"zone": "UTC"})
        shown = [dict(default_rotation(read_now(), "UTC"))]
        rotations = RotationFormSet(prefix="rotation", initial=shown)
        rotations.extra = 0
    if schedule is not None:
        form.fields["slug"].disabled = True
        form.initial["slug"] = schedule.slug
    return form, rotations


def _draft(form: ScheduleForm, rotations: Any) -> ScheduleDraft | None:
    """Return what the forms say; a mistake goes to its field."""
    if not (form.is_valid() & rotations.is_valid()):
        return None
    data = form.cleaned_data
    body = {
        "name": data["name"],
        "zone": data["zone"],
        "fallback": data["fallback"],
        "rotations": [one.body() for one in _kept(rotations)],
    }
    try:
        return read_draft(body)
    except BadInput as error:
        _tell(form, rotations, error)
        return None


def _kept(rotations: Any) -> Sequence[RotationForm]:
    """Return the rotations in the order of their layers; one without goes last."""
    kept = [form for form in rotations.forms if not form.is_left_out]
    return sorted(kept, key=lambda form: form.cleaned_data["layer"] or len(kept) + 99)


def _tell(form: ScheduleForm, rotations: Any, error: BadInput) -> None:
    place = _PLACE.match(error.field)
    if place is None:
        field = error.field if error.field in form.fields else None
        form.add_error(field, f"{error.value}: {error.remedy}")
        return
    rotation = _kept(rotations)[int(place[1])]
    name = _FIELDS.get(place[2], place[2])
    field = name if name in rotation.fields else None
    rotation.add_error(field, f"{error.value}: {error.remedy}")


def _save(
    request: PageRequest,
    organisation: Organisation,
    draft: ScheduleDraft,
    form: ScheduleForm,
    schedule: Schedule | None,
) -> HttpResponse:
    slug = form.cleaned_data["slug"]
    taken = Schedule.objects.in_use().filter(organisation=organisation, slug=slug)
    if schedule is None and taken.exists():
        raise BadInput("slug", slug, "It is taken; choose another.")
    actor = actor_for(request.user, organisation)
    saved = save_schedule(
        organisation,
        draft,
        slug=schedule.slug if schedule else slug,
        actor=actor,
        now=read_now(),
    )
    messages.success(request, f"{saved.name} is saved and in force.")
    return redirect("schedule-detail", saved.pk)
