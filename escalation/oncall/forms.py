"""Forms of on-call schedules. Local times are of the schedule's zone."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from escalation.calendars.wall_clock import instant_of
from escalation.oncall.feeds import MAX_DAYS
from escalation.oncall.models import OverrideMode, TurnUnit
from escalation.oncall.plan import EVERY_DAY
from escalation.oncall.reading import DAYS, RotationDraft, ScheduleDraft
from incidents.incident.times_form import LocalTimeField, zone_choices
from incidents.models import Organisation, User

_TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
_DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ScheduleForm(forms.Form):
    """What a schedule is called, and where it is."""

    name = forms.CharField(max_length=200)
    slug = forms.SlugField(max_length=60, help_text="Its name in policies: a-z, 0-9, -")
    zone = forms.ChoiceField(
        choices=zone_choices,
        label="Time zone",
        help_text="All local times of the schedule are of this zone.",
    )
    fallback = forms.ChoiceField(
        required=False,
        help_text="Is paged where nobody is on call.",
    )

    def __init__(self, *args: Any, members: Iterable[User], **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [("", "nobody"), *((m.email, _named(m)) for m in members)]
        field = self.fields["fallback"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
        field.choices = choices


class RotationForm(forms.Form):
    """One layer."""

    name = forms.CharField(max_length=100, required=False)
    people = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="One turn a line, by e-mail address; several in a line are on call "
        "together.",
    )
    every = forms.IntegerField(min_value=1, initial=1, label="A turn lasts")
    unit = forms.ChoiceField(choices=TurnUnit, initial=TurnUnit.WEEK, label="Unit")
    starts_on = forms.DateField(widget=_DATE, required=False, label="First turn on")
    handoff = forms.TimeField(widget=_TIME, required=False, label="Hand-off at")
    ends_on = forms.DateField(
        widget=_DATE,
        required=False,
        label="Ends on",
        help_text="At the hand-off time; empty: never.",
    )
    weekdays = forms.MultipleChoiceField(
        choices=[(day, day.capitalize()) for day in DAYS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="None chosen: every day.",
    )
    active_from = forms.TimeField(
        widget=_TIME,
        required=False,
        label="Active from",
        help_text="Empty: the whole day.",
    )
    active_until = forms.TimeField(
        widget=_TIME,
        required=False,
        label="until",
        help_text="Before “from”: on the next day.",
    )
    layer = forms.IntegerField(
        min_value=1,
        max_value=99,
        required=False,
        label="Layer",
        help_text="A higher number wins over a lower one.",
    )
    remove = forms.BooleanField(required=False, label="Remove this rotation")

    @property
    def is_left_out(self) -> bool:
        """Whether it is the empty one at the end, or to be removed."""
        data = self.cleaned_data
        return bool(data.get("remove")) or not (data.get("name") or data.get("people"))

    def body(self) -> dict[str, Any]:
        """Return the rotation as `oncall.reading.read_rotation` reads it."""
        data = self.cleaned_data
        lines = [
            [part.strip() for part in line.replace(";", ",").split(",") if part.strip()]
            for line in data["people"].splitlines()
        ]
        body: dict[str, Any] = {
            name: data[name] for name in ("name", "every", "unit", "starts_on")
        }
        body |= {"handoff": data["handoff"], "ends_on": data["ends_on"]}
        body["people"] = [line for line in lines if line]
        if data["weekdays"]:
            body["weekdays"] = data["weekdays"]
        hours = [data["active_from"], data["active_until"]]
        if any(at is not None for at in hours):
            body["hours"] = hours
        return body


RotationFormSet = forms.formset_factory(RotationForm, extra=1, max_num=20)


class OverrideForm(forms.Form):
    """Other people for a while."""

    start_at = LocalTimeField(required=True, label="From")
    end_at = LocalTimeField(required=True, label="Until")
    people = forms.MultipleChoiceField(
        label="On call", widget=forms.CheckboxSelectMultiple
    )
    mode = forms.ChoiceField(
        choices=OverrideMode, initial=OverrideMode.WHOLE, label="They are on call"
    )
    replaces = forms.ChoiceField(
        required=False, help_text="Only for “instead of one person”."
    )
    reason = forms.CharField(max_length=300, required=False)

    def __init__(self, *args: Any, people: Iterable[User], **more: Any) -> None:
        """Offer `members` (in `more`) to be replaced, and `people` to be on call."""
        members = list(more.pop("members"))
        super().__init__(*args, **more)
        _offer(self, "people", people)
        _offer(self, "replaces", members, empty="")


class SwapForm(forms.Form):
    """A request to be relieved."""

    start_at = LocalTimeField(required=True, label="You cannot from")
    end_at = LocalTimeField(required=True, label="until")
    asked_of = forms.ChoiceField(required=False, label="Ask")
    return_start_at = LocalTimeField(
        label="You take in return from", help_text="Only when you ask one person."
    )
    return_end_at = LocalTimeField(label="until")
    reason = forms.CharField(max_length=300, required=False)

    def __init__(self, *args: Any, members: Iterable[User], **more: Any) -> None:
        super().__init__(*args, **more)
        _offer(self, "asked_of", members, empty="whoever can")


class FeedForm(forms.Form):
    """A secret address."""

    whose = forms.ChoiceField(
        choices=[("schedule", "this schedule"), ("own", "my own shifts, everywhere")],
        label="Calendar of",
    )
    days = forms.IntegerField(
        min_value=1, max_value=MAX_DAYS, initial=90, label="Ends after so many days"
    )


class ImportForm(forms.Form):
    """A calendar from outside."""

    name = forms.CharField(max_length=100)
    url = forms.CharField(
        max_length=2000,
        required=False,
        label="Address",
        help_text="https://…/team.ics, read every 15 minutes. It is not shown again.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    file = forms.FileField(required=False, label="Or a file", help_text="*.ics")


def initial_of(draft: ScheduleDraft) -> dict[str, Any]:
    """Return what the schedule's form shows of a draft."""
    return {"name": draft.name, "zone": draft.zone, "fallback": draft.fallback}


def initial_of_rotation(number: int, draft: RotationDraft) -> dict[str, Any]:
    """Return what a rotation's form shows of a draft."""
    opens, closes = draft.hours or (None, None)
    every_day = draft.weekdays == EVERY_DAY
    return {
        "name": draft.name,
        "people": "\n".join(", ".join(turn) for turn in draft.people),
        "every": draft.every,
        "unit": draft.unit,
        "starts_on": draft.starts_on,
        "handoff": draft.handoff,
        "ends_on": draft.ends_on,
        "weekdays": [] if every_day else [DAYS[day] for day in sorted(draft.weekdays)],
        "active_from": opens,
        "active_until": closes,
        "layer": number,
    }


def default_rotation(today: datetime, zone: str) -> Mapping[str, Any]:
    """Return what the form of a new rotation shows: weeks from last Monday at nine."""
    local = today.astimezone(ZoneInfo(zone)).date()
    monday = local - timedelta(days=local.weekday())
    return {"every": 1, "unit": "week", "starts_on": monday, "handoff": "09:00"}


def to_instant(local: datetime | None, zone: str) -> datetime | None:
    """Return the instant of a wall-clock time, by the rule of all local times here."""
    if local is None:
        return None
    return instant_of(local.date(), local.time(), ZoneInfo(zone))


def members_of(organisation: Organisation) -> list[User]:
    """Return the active members by name."""
    rows = User.objects.filter(
        is_active=True,
        memberships__organisation=organisation,
        memberships__ended_at=None,
    )
    return sorted(rows.distinct(), key=lambda user: str(user).casefold())


def _offer(
    form: forms.Form, name: str, members: Iterable[User], *, empty: str | None = None
) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
    choices = [(member.email, _named(member)) for member in members]
    field.choices = choices if empty is None else [("", empty), *choices]


def _named(user: User) -> str:
    return f"{user.name} ({user.email})" if user.name else user.email
