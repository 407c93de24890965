"""Ask what a policy would do: the one way into simulations for command, API and pages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from escalation.notifications.channels.registry import CHANNELS
from escalation.policies.models import Policy, PolicyVersion
from escalation.policies.references import check_targets
from escalation.policies.versions import read_plan
from escalation.runs.simulate import simulate
from escalation.runs.simulation.answers import AnswerError, read_answers
from escalation.runs.simulation.course import Course, Event
from escalation.runs.simulation.coverage import Stretch, stretches
from escalation.runs.simulation.timeline import PolicyTimeline
from escalation.runs.simulation.world import NO_ROW, SimulatedWorld, Subject
from incidents.errors import BadInput
from incidents.incident.severity import SEVERITIES
from incidents.incident.taxonomy import CATEGORY_CHOICES
from incidents.incident.tlp import Tlp
from incidents.models import Organisation, OrganisationKind

MAX_DAYS = 92


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be simulated.

    `owner` is the slug of the organisation whose incident it is: left out, its own, or for
    an agency's policy a lab's. `body` is a draft that stands for the policy.
    """

    policy: str
    at: datetime
    severity: int = 4
    category: str = "WGT"
    tlp: str = "AMBER+STRICT"
    labels: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    answers: str = "nobody"
    down: tuple[str, ...] = ()
    body: Mapping[str, Any] | None = None


def ask(side: Organisation, question: Question) -> tuple[Event, ...]:
    """Return what would happen. Raises BadInput, naming the field."""
    _check(question)
    subject = Subject(
        category=question.category,
        severity=question.severity,
        tlp=question.tlp,
        labels=question.labels,
    )
    world = SimulatedWorld.load(
        side,
        subject,
        opened_at=question.at,
        owner=_owner(side, question.owner),
        draft=_draft(side, question),
    )
    if question.policy not in world.versions:
        known = ", ".join(sorted(world.versions)) or "none is in use"
        remedy = f"Name a policy of {side} that is in use: {known}."
        raise BadInput("policy", question.policy, remedy)
    return simulate(
        world,
        Course(question.policy, question.severity),
        start=question.at,
        answers=_answers(question.answers),
        down=question.down,
    )


@dataclass(frozen=True, slots=True)
class Covered:
    """How soon one policy tells a human, for severities that it treats alike."""

    policy: str
    name: str
    severities: tuple[int, ...]
    promise: timedelta | None
    found: tuple[Stretch, ...]

    @property
    def gaps(self) -> list[Stretch]:
        """The starts that wait longer than promised, or for ever where nothing is."""
        if self.promise is None:
            return [stretch for stretch in self.found if stretch.wait is None]
        return [stretch for stretch in self.found if stretch.breaks(self.promise)]

    @property
    def is_kept(self) -> bool:
        """Whether every start is within the promise; without one nothing can break."""
        return self.promise is None or not self.gaps

    @property
    def kept_percent(self) -> float:
        """The share of starts that are not in a gap."""
        total = sum((s.end - s.start for s in self.found), timedelta())
        bad = sum((s.end - s.start for s in self.gaps), timedelta())
        return 100 * (1 - bad / total) if total else 100.0


def cover(
    side: Organisation, *, start: datetime, days: int, only: str = ""
) -> Iterator[Covered]:
    """Yield how soon each policy of an organisation tells a human, for each severity."""
    if not 1 <= days <= MAX_DAYS:
        raise BadInput("days", days, f"Use a whole number from 1 to {MAX_DAYS}.")
    end = start + timedelta(days=days)
    timeline = PolicyTimeline.load(side, Subject(), start=start, end=end)
    for policy, version in sorted(timeline.versions.items()):
        if only not in ("", policy):
            continue
        minutes = timeline.plan(policy).promise_minutes
        for severities in timeline.severity_classes(policy):
            yield Covered(
                policy=policy,
                name=version.policy.name,
                severities=tuple(severities),
                promise=None if minutes is None else timedelta(minutes=minutes),
                found=stretches(timeline, policy, severities[-1], start, end),
            )


def _check(question: Question) -> None:
    choices: Sequence[tuple[str, object, Sequence[object]]] = (
        ("severity", question.severity, [one.level for one in SEVERITIES]),
        ("category", question.category, [code for code, _ in CATEGORY_CHOICES]),
        ("tlp", question.tlp, [str(one) for one in Tlp]),
        *(("down", channel, list(CHANNELS)) for channel in question.down),
    )
    for name, value, allowed in choices:
        if value not in allowed:
            known = ", ".join(map(str, allowed))
            raise BadInput(name, value, f"Use one of {known}.")


def _answers(text: str) -> tuple[Any, ...]:
    try:
        return read_answers(text)
    except AnswerError as error:
        remedy = str(error).rpartition("; ")[2]
        raise BadInput("answers", text, f"{remedy[:1].upper()}{remedy[1:]}.") from error


def _owner(side: Organisation, slug: str) -> Organisation:
    """Return whose incident it is: labs do not learn of each other here either."""
    sharing = Organisation.objects.filter(
        kind=OrganisationKind.LAB,
        incidents__shares__agency=side,
        incidents__shares__unshared_at=None,
    )
    known: dict[str, Organisation] = {
        lab.slug: lab for lab in (side, *sharing.order_by("pk").distinct())
    }
    if slug and slug not in known:
        raise BadInput("owner", slug, f"Name {', '.join(known)}.")
    if slug:
        return known[slug]
    labs = [lab for lab in known.values() if not lab.is_agency]
    return labs[0] if labs else _some_lab()


def _some_lab() -> Organisation:
    kind = OrganisationKind.LAB
    return Organisation(pk=NO_ROW, slug="some-lab", name="Some lab", kind=kind)


def _draft(side: Organisation, question: Question) -> PolicyVersion | None:
    if question.body is None:
        return None
    check_targets(side, read_plan(question.body), policy=question.policy)
    policy = Policy.objects.filter(organisation=side, slug=question.policy).first()
    return PolicyVersion(
        pk=NO_ROW,
        policy=policy or Policy(organisation=side, slug=question.policy, name="Draft"),
        organisation=side,
        number=0,
        body=dict(question.body),
    )
