"""The first page after sign-in: what is open, and whose move it is, by role."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from incidents.incident.access import note_reading
from incidents.incident.deadlines import attach_deadlines
from incidents.incident.models import Acknowledgement, Incident, Status
from incidents.incident.strip import Strip
from incidents.organisations.models import Organisation, OrganisationKind, User
from incidents.organisations.roles import Action, organisations_allowing
from incidents.pages import PageRequest, page, reader_of
from incidents.timers.clock import read_now

SECTION_ROWS: Final = 8


@dataclass(frozen=True, slots=True)
class HomeSection:
    """A short list of incidents under a heading."""

    title: str
    incidents: Sequence[Incident]
    empty: str
    hint: str = ""
    url: str = ""
    url_label: str = ""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that the reader must put right."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class HomePart:
    """What one slice says on the first page; the lowest rank of a strip is shown."""

    sections: Sequence[HomeSection] = ()
    facts: Sequence[dict[str, Any]] = ()
    warnings: Sequence[Warned] = ()
    strip: Strip | None = None
    rank: int = 50


HomePanel = Callable[[User, datetime], HomePart]
_CALM: Final = Strip("Nothing is open.", "Nothing.", "Nobody's.", is_calm=True)

_panels: list[HomePanel] = []


def add_home_panel(panel: HomePanel) -> None:
    """Have `panel(person, now)` add its part to the first page; for ready()."""
    _panels.append(panel)


@page("GET")
def home(request: PageRequest) -> HttpResponse:
    """Show what is open for the reader."""
    now = read_now()
    parts = [panel(request.user, now) for panel in _panels]
    sections = _each_once([section for part in parts for section in part.sections])
    shown = [incident for section in sections for incident in section.incidents]
    attach_deadlines(shown, request.user, now)
    _note(request, sections, now)
    own = Organisation.objects.of(request.user)
    strips = sorted((p for p in parts if p.strip), key=lambda part: part.rank)
    context = {
        "now": now,
        "title": ", ".join(own.values_list("name", flat=True)) or str(request.user),
        "strip": strips[0].strip if strips else _CALM,
        "sections": sections,
        "facts": [fact for part in parts for fact in part.facts],
        "warnings": [warning for part in parts for warning in part.warnings],
        "can_file": bool(organisations_allowing(request.user, Action.REPORT)),
    }
    return render(request, "incidents/incident/home.html", context)


def _each_once(sections: Sequence[HomeSection]) -> list[HomeSection]:
    """Leave out of a section what stands in one before it, and a section left with none."""
    shown: set[int] = set()
    kept = []
    for section in sections:
        rest = [row for row in section.incidents if row.pk not in shown]
        shown |= {row.pk for row in rest}
        if rest or not section.incidents:
            kept.append(replace(section, incidents=rest))
    return kept


def lab_part(person: User, now: datetime) -> HomePart:
    """Return what is open at the reader's labs."""
    labs = Organisation.objects.of(person).filter(kind=OrganisationKind.LAB)
    ids = list(labs.values_list("pk", flat=True))
    if not ids:
        return HomePart()
    rows = Incident.objects.visible_to(person).filter(organisation__in=ids)
    rows = rows.select_related("organisation").order_by("-severity", "-opened_at")
    unheard = rows.filter(status=Status.OPEN)
    held = rows.filter(status=Status.ACKNOWLEDGED)
    url = reverse("incident-list")
    sections = [
        HomeSection(
            "Nobody has acknowledged",
            list(unheard[:SECTION_ROWS]),
            "Every open incident is in somebody's hands.",
            url=f"{url}?state=open",
            url_label="All open",
        ),
        HomeSection(
            "In hand",
            list(held[:SECTION_ROWS]),
            "Nothing is being worked on.",
            url=f"{url}?state=acknowledged",
            url_label="All acknowledged",
        ),
    ]
    strip = _lab_strip(person, unheard.count(), held.count())
    # What others have to say counts before that nothing is open.
    return HomePart(sections=sections, strip=strip, rank=90 if strip.is_calm else 20)


def _lab_strip(person: User, unheard: int, held: int) -> Strip:
    if not unheard and not held:
        return _CALM
    may = bool(organisations_allowing(person, Action.ACKNOWLEDGE))
    total = unheard + held
    happening = (
        f"{total} {_plural(total, 'incident')} open, {unheard} not acknowledged."
    )
    if not unheard:
        return Strip(happening, "Work on what is in hand.", _holders(person))
    move = "Yours: acknowledge." if may else "Your responders'."
    due = f"{unheard} {_plural(unheard, 'acknowledgement')}, now."
    return Strip(happening, due, move, is_mine=may)


def _holders(person: User) -> str:
    """Name who has acknowledged what is open at the reader's own organisations."""
    own = Organisation.objects.of(person).values("pk")
    rows = Acknowledgement.objects.filter(
        organisation__in=own,
        ended_at=None,
        incident__organisation__in=own,
        incident__status=Status.ACKNOWLEDGED,
    ).select_related("user", "organisation")
    names = dict.fromkeys(str(row.user or row.organisation) for row in rows[:100])
    shown = list(names)[:3]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"{', '.join(shown)}{more}."


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"


def _note(request: PageRequest, sections: Sequence[HomeSection], now: datetime) -> None:
    rows = {row.pk: row for section in sections for row in section.incidents}
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=rows.values(),
        targets=[f"list:{row.ref}" for row in rows.values()],
        now=now,
    )
