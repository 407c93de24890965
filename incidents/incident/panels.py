"""Lets slices and apps above put their part on the incident's page.

The page belongs here, what stands on it does not: `config/panels.py` registers who adds
what, so that nothing below imports what lies above it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.forms import BaseForm, Form

from incidents.incident.access import roles_of, sides_of
from incidents.incident.models import Incident
from incidents.organisations.models import Organisation, User
from incidents.organisations.roles import Action, allowed_actions


@dataclass(frozen=True, slots=True)
class Seen:
    """An incident as one person sees it now, and the forms that came back with errors."""

    incident: Incident
    person: User
    now: datetime
    sides: tuple[Organisation, ...]
    roles: Mapping[int, list[str]]
    bound: Mapping[str, BaseForm] = field(default_factory=dict)
    # The name of the bound form that the present state did not allow any more.
    refused: str = ""
    # Whether the reader asked for the timeline with every message and step.
    is_whole: bool = False

    @classmethod
    def by(
        cls,
        person: User,
        incident: Incident,
        *,
        now: datetime,
        bound: Mapping[str, BaseForm] | None = None,
        refused: str = "",
    ) -> "Seen":
        """Return the incident as this person sees it."""
        sides = tuple(sides_of(person, incident))
        return cls(incident, person, now, sides, roles_of(person), bound or {}, refused)

    @property
    def side_ids(self) -> list[int]:
        """Return the ids of the person's organisations that see it, the owner first."""
        return [side.pk for side in self.sides]

    @property
    def is_owner(self) -> bool:
        """Whether the person belongs to the owner."""
        return self.incident.organisation_id in self.side_ids

    def side_allowing(self, action: Action) -> Organisation | None:
        """Return the first side in whose name the person may do this."""
        for side in self.sides:
            roles = self.roles.get(side.pk, [])
            if any(action in allowed_actions(role, side.kind) for role in roles):
                return side
        return None

    def may_as_owner(self, action: Action) -> bool:
        """Whether the person may do this for the incident's owner."""
        roles = self.roles.get(self.incident.organisation_id, [])
        kind = self.incident.organisation.kind
        return any(action in allowed_actions(role, kind) for role in roles)

    def form(self, name: str, make: Callable[[], Form]) -> BaseForm:
        """Return the form that came back with errors, or a fresh one."""
        return self.bound.get(name) or make()


@dataclass(frozen=True, slots=True)
class PageAction:
    """Something that the reader may do now."""

    name: str
    label: str
    url: str
    form: BaseForm | None = None
    hint: str = ""
    button: str = ""
    style: str = "primary"


@dataclass(frozen=True, slots=True)
class Due:
    """What happens next by itself, when, and who is being waited for."""

    text: str
    at: datetime | None = None
    who: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """Whose move it is. The reader's own counts first, then the lowest rank."""

    text: str
    rank: int
    is_mine: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """What one panel adds to the page."""

    context: Mapping[str, Any] = field(default_factory=dict)
    actions: tuple[PageAction, ...] = ()
    due: Due | None = None
    move: Move | None = None
    # Ids that stand in the record's sentences, and what they are called.
    names: Mapping[str, str] = field(default_factory=dict)


Panel = Callable[[Seen], Part]
Mark = Callable[[Seen], str]


class Panels:
    """The parts that one page is made of, in the order in which they were added."""

    def __init__(self) -> None:
        self._panels: list[Panel] = []
        self._marks: list[Mark] = []

    def add(self, panel: Panel, *, mark: Mark | None = None) -> None:
        """Add a part; `mark` says cheaply whether what it shows has changed."""
        self._panels.append(panel)
        if mark is not None:
            self._marks.append(mark)

    def parts(self, seen: Seen) -> list[Part]:
        """Return every part for this reader."""
        return [panel(seen) for panel in self._panels]

    def marks(self, seen: Seen) -> list[str]:
        """Return what changes when the page does."""
        return [mark(seen) for mark in self._marks]


def merged_context(parts: Iterable[Part]) -> dict[str, Any]:
    """Return the template variables of all parts."""
    return {name: value for part in parts for name, value in part.context.items()}


# The incident's page, and the page right after filing.
INCIDENT_PAGE = Panels()
FILED_PAGE = Panels()
