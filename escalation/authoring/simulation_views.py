"""The page on which a policy is played, and on which its coverage is drawn."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from escalation.authoring.access import find_policy
from escalation.notifications.channels.registry import CHANNEL_CHOICES
from escalation.policies.models import Policy
from escalation.policies.phrases import duration
from escalation.policies.versions import versions_in_force
from escalation.runs.simulation.asking import Covered, Question, ask, cover
from escalation.runs.simulation.course import EVENT_KINDS, Event
from escalation.runs.simulation.coverage import Stretch, worst
from incidents.errors import BadInput
from incidents.incident.severity import SEVERITY_CHOICES
from incidents.incident.taxonomy import CATEGORY_CHOICES
from incidents.incident.tlp import TLP_CHOICES
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now

COVERAGE_DAYS: Final = 30
WIDTH: Final = 1000  # units of the drawing, for all days together
_GAPS_SHOWN: Final = 8
_PREFIX: Final = "sim"
# What is said of each event at a glance: the class of its mark.
_LOOKS: Final = {
    "skipped": "warn",
    "unreached": "warn",
    "retried": "warn",
    "failed": "bad",
    "exhausted": "bad",
    "clock_warned": "warn",
    "clock_breached": "bad",
    "acknowledged": "good",
    "paused": "good",
    "clock_met": "good",
    "sent": "sent",
    "queued": "soft",
    "cancelled": "soft",
}


class SimulationForm(forms.Form):
    """What is imagined; every field has a sensible value."""

    at = forms.DateTimeField(
        label="Begins at",
        help_text="UTC, such as 2026-12-24 23:30. Empty: now.",
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    severity = forms.TypedChoiceField(
        choices=SEVERITY_CHOICES, coerce=int, initial=4, required=False
    )
    category = forms.ChoiceField(
        choices=CATEGORY_CHOICES, initial="WGT", required=False
    )
    tlp = forms.ChoiceField(
        label="TLP", choices=TLP_CHOICES, initial="AMBER+STRICT", required=False
    )
    answers = forms.CharField(
        label="What people do",
        help_text="nobody, or such as: ack at step 2 after 3m; resolve after 2h",
        initial="nobody",
        max_length=500,
        required=False,
    )
    down = forms.MultipleChoiceField(
        label="Channels that fail",
        choices=CHANNEL_CHOICES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


@page("GET")
def policy_simulate(request: PageRequest, pk: int) -> HttpResponse:
    """Play the policy that is in force, by what the address asks."""
    policy = find_policy(request.user, pk, is_listed=True)
    now = read_now().replace(second=0, microsecond=0)
    form = _form(request, now)
    context: dict[str, Any] = {"policy": policy, "form": form, "days": COVERAGE_DAYS}
    version = versions_in_force([policy.pk]).get(policy.pk)
    context["version"] = version
    if version is not None:
        context |= played(policy, form, now)
        if not request.htmx:
            context["coverage"] = _coverage(policy, now)
            context["ticks"] = _ticks(now)
    template = "_simulation.html" if request.htmx else "simulate.html"
    return render(request, f"escalation/policies/{template}", context)


def _form(request: HttpRequest, now: datetime) -> SimulationForm:
    if not request.GET:
        return SimulationForm(initial={"at": now})
    # What an address leaves out is shown as what it means.
    usual = {name: field.initial for name, field in SimulationForm.base_fields.items()}
    given = request.GET.copy()
    for name, value in usual.items():
        if value is not None and name not in given:
            given[name] = str(value)
    return SimulationForm(given)


def played(
    policy: Policy,
    form: SimulationForm,
    now: datetime,
    *,
    body: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the events of the policy, or of a draft of it.

    Errors go into the form; of one that was not sent, `refused` says why nothing is played.
    """
    given = form.cleaned_data if form.is_bound and form.is_valid() else {}
    if form.is_bound and not given:
        return {}
    question = Question(
        policy=policy.slug,
        at=given.get("at") or now,
        severity=_severity(given),
        category=given.get("category") or "WGT",
        tlp=given.get("tlp") or "AMBER+STRICT",
        answers=given.get("answers") or "nobody",
        down=tuple(given.get("down", ())),
        body=body,
    )
    try:
        events = ask(policy.organisation, question)
    except BadInput as error:
        if not form.is_bound:
            return {"refused": str(error)}
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return {}
    return {"at": question.at, **_shown(events, question.at)}


def draft_form(request: HttpRequest, now: datetime) -> SimulationForm:
    """Return the form as part of the editor's: its controls belong to the draft."""
    is_asked = f"{_PREFIX}-severity" in request.POST
    form = SimulationForm(
        request.POST if is_asked else None, prefix=_PREFIX, initial={"at": now}
    )
    for one in form.fields.values():
        one.widget.attrs["form"] = "draft"
    return form


def _severity(given: dict[str, Any]) -> int:
    """Return the severity that was chosen; 0 is one too."""
    return given["severity"] if given.get("severity") not in (None, "") else 4


def _shown(events: Sequence[Event], start: datetime) -> dict[str, Any]:
    """Return events as the page shows them, and when the first human is told."""
    told = [e.at for e in events if e.kind == "sent" and e.page and e.page.user_id]
    return {
        "rows": [_row(event, start) for event in events],
        "told_after": duration(int((told[0] - start).total_seconds()) or 0)
        if told and told[0] > start
        else ("at once" if told else ""),
        "told_count": len(told),
    }


def _row(event: Event, start: datetime) -> dict[str, Any]:
    return {
        "at": event.at,
        "after": elapsed(event.at - start),
        "look": _LOOKS.get(event.kind, "plain"),
        "meaning": EVENT_KINDS[event.kind],
        "is_bare": bool(event.label) or event.page is not None,
        "label": event.label,
        "text": event.text,
        "names": event.recipients if event.label else (),
        "page": event.page if event.kind == "sent" else None,
    }


def elapsed(delay: timedelta) -> str:
    """Return such as +1:05:00."""
    minutes, seconds = divmod(int(delay.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"+{hours}:{minutes:02}:{seconds:02}"


def _coverage(policy: Policy, now: datetime) -> list[dict[str, Any]]:
    found = cover(policy.organisation, start=now, days=COVERAGE_DAYS, only=policy.slug)
    return [_covered(one) for one in found]


def _covered(one: Covered) -> dict[str, Any]:
    first, last = one.severities[0], one.severities[-1]
    return {
        "severities": str(first) if first == last else f"{first} to {last}",
        "longest": _longest(one),
        "promise": None if one.promise is None else _wait(one.promise),
        "is_kept": one.is_kept,
        "kept_percent": f"{one.kept_percent:.2f}",
        "bars": [_bar(gap, one) for gap in one.gaps],
        "gaps": [_gap(gap) for gap in one.gaps[:_GAPS_SHOWN]],
        "more": max(0, len(one.gaps) - _GAPS_SHOWN),
    }


def _longest(one: Covered) -> str:
    longest = worst(one.found)
    if longest is not None:
        return _wait(longest)
    is_never = all(stretch.wait is None for stretch in one.found)
    return "nobody is ever told" if is_never else "at times nobody is told"


def _bar(gap: Stretch, one: Covered) -> dict[str, str]:
    start, end = one.found[0].start, one.found[-1].end
    x = WIDTH * ((gap.start - start) / (end - start))
    width = WIDTH * ((gap.end - gap.start) / (end - start))
    return {"x": f"{x:.2f}", "width": f"{max(width, 1.5):.2f}"}


def _gap(gap: Stretch) -> dict[str, Any]:
    wait = "nobody is told" if gap.wait is None else f"told after {_wait(gap.wait)}"
    return {"start": gap.start, "end": gap.end, "wait": wait}


def _ticks(now: datetime) -> list[dict[str, str]]:
    """Return the days that the drawing names, a week apart."""
    return [
        {
            "x": f"{WIDTH * day / COVERAGE_DAYS:.1f}",
            "text": f"{now + timedelta(days=day):%-d %b}",
        }
        for day in range(0, COVERAGE_DAYS, 7)
    ]


def _wait(wait: timedelta) -> str:
    seconds = int(wait.total_seconds())
    return duration(seconds) if seconds else "at once"
