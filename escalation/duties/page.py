"""The page of an organisation's legal duties on an incident, made of registered sections.

The page belongs here, what stands on it comes from several slices: `config/panels.py`
registers who adds what, as for the incident's page.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final

from django.contrib import messages
from django.forms import BaseForm, Form
from django.http import HttpResponse
from django.shortcuts import redirect, render

from escalation.duties.asking import Assessment
from escalation.duties.assessment import assessment_under
from escalation.duties.glance import strip_of
from escalation.duties.models import Decision
from escalation.lawbook.profiles import Profile, profile_of
from escalation.lawbook.registry import Registered, regimes_of
from incidents.errors import BadInput, NotPossible
from incidents.incident.access import acting_organisation
from incidents.incident.page import note_incident, see_incident
from incidents.incident.panels import Seen
from incidents.models import Incident, Organisation, User
from incidents.organisations.roles import Action, allowed_actions
from incidents.pages import PageRequest

_TEMPLATE: Final = "escalation/duties/page.html"
SIDE: Final = "organisation"
"""Query and form field: for which of several organisations of the reader."""


@dataclass(frozen=True)
class Duties:
    """One organisation's legal duties on an incident, as one person sees them now.

    What several sections rest on is read once, when the first of them asks.
    """

    seen: Seen
    side: Organisation
    profile: Profile
    # All that the organisation can be under, by id.
    regimes: Mapping[str, Registered]

    @property
    def incident(self) -> Incident:
        """Return the incident."""
        return self.seen.incident

    @property
    def person(self) -> User:
        """Return the reader."""
        return self.seen.person

    @property
    def watched(self) -> dict[str, Registered]:
        """Return the regimes of the profile that are known, sorted by id."""
        return {
            name: self.regimes[name]
            for name in sorted(self.profile.regimes)
            if name in self.regimes
        }

    @property
    def unreadable(self) -> list[str]:
        """Return the ids of the regimes of the profile of which no text can be read."""
        return sorted(self.profile.regimes.keys() - self.regimes.keys())

    @cached_property
    def decisions(self) -> Sequence[Decision]:
        """Return all decisions of the organisation, the newest first."""
        rows = Decision.objects.filter(incident=self.incident, organisation=self.side)
        people = rows.select_related("decided_by", "confirmed_by")
        return list(people.order_by("-pk"))

    @cached_property
    def assessment(self) -> Assessment:
        """Return what is asked and suggested; nothing to who is not the owner."""
        if self.side.pk != self.incident.organisation_id:
            return Assessment()
        regimes = [one.regime for one in self.watched.values()]
        return assessment_under(self.incident, regimes)

    def may(self, action: Action) -> bool:
        """Whether the reader may do this for the organisation."""
        roles = self.seen.roles.get(self.side.pk, [])
        return any(action in allowed_actions(role, self.side.kind) for role in roles)

    def form(self, name: str, make: Callable[[], Form]) -> BaseForm:
        """Return the form that came back with errors, or a fresh one."""
        return self.seen.form(name, make)


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the page; its template finds `context` under the name `part`."""

    id: str
    title: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


SectionPanel = Callable[[Duties], Section | None]


class Sections:
    """The sections that the page is made of, in the order in which they were added."""

    def __init__(self) -> None:
        self._panels: list[SectionPanel] = []

    def add(self, panel: SectionPanel) -> None:
        """Add a section; a panel that has nothing to say returns None."""
        self._panels.append(panel)

    def sections(self, duties: Duties) -> list[Section]:
        """Return what there is to be shown to this reader."""
        found = (panel(duties) for panel in self._panels)
        return [section for section in found if section is not None]


DUTIES_PAGE: Final = Sections()


def see_duties(
    request: PageRequest, ref: str, *, bound: Mapping[str, BaseForm] | None = None
) -> Duties:
    """Return the duties of the organisation that the request names, or the first.

    Raises Http404, BadInput.
    """
    seen = see_incident(request, ref, bound=bound)
    slug = request.POST.get(SIDE) or request.GET.get(SIDE, "")
    side = acting_organisation(request.user, seen.incident, Action.READ, slug=slug)
    return Duties(seen, side, profile_of(side.pk), regimes_of(side.pk))


def show_duties(
    request: PageRequest, duties: Duties, *, status: int = HTTPStatus.OK
) -> HttpResponse:
    """Return the page, once its reading is recorded."""
    note_incident(request, duties.seen)
    context = {
        "now": duties.seen.now,
        "incident": duties.incident,
        "side": duties.side,
        "others": [side for side in duties.seen.sides if side != duties.side],
        "has_profile": bool(duties.profile.regimes),
        "unreadable": duties.unreadable,
        "strip": strip_of(duties),
        "sections": DUTIES_PAGE.sections(duties),
    }
    return render(request, _TEMPLATE, context, status=status)


def act_on_duties(
    request: PageRequest,
    duties: Duties,
    name: str,
    form: BaseForm,
    act: Callable[[dict[str, Any]], object],
    *,
    at: str = "",
) -> HttpResponse:
    """Do what a form of the page says and go back to it, to the section `at`.

    With a mistake in it the page comes back with the form as it was typed.
    """
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    if form.is_valid():
        try:
            act(form.cleaned_data)
        except BadInput as error:
            known = error.field if error.field in form.fields else None
            form.add_error(known, error.remedy)
        except NotPossible as error:
            # The form may not be offered any more: so it is said above the page, too.
            messages.error(request, error.message)
            form.add_error(None, error.message)
            status = HTTPStatus.CONFLICT
    if form.errors:
        bound = see_duties(request, duties.incident.ref, bound={name: form})
        return show_duties(request, bound, status=status)
    answer = redirect("incident-duties", duties.incident.ref)
    if len(duties.seen.sides) > 1:
        answer["Location"] += f"?{SIDE}={duties.side.slug}"
    if at:
        answer["Location"] += f"#{at}"
    return answer
