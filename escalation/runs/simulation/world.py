"""What is true in a simulation: the organisation as it is, an incident that never was.

Facts come from the same `Batch` as in production, messages from the same renderer, with
rows that are never saved. Nothing is locked and nothing is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from escalation.calendars.loading import load_calendars
from escalation.calendars.working_time import WorkingTime
from escalation.notifications.outbox import NewNotification
from escalation.policies.acknowledgement import Given
from escalation.policies.models import Policy, PolicyVersion
from escalation.policies.versions import versions_in_force
from escalation.runs.actions import Decision
from escalation.runs.effects import Step, messages_of
from escalation.runs.facts import Batch
from escalation.runs.models import Run
from escalation.runs.simulation.course import HORIZON, Course
from escalation.runs.simulation.outbox import Page
from escalation.runs.situation import Facts, Recipient
from incidents.models import (
    Incident,
    Membership,
    Organisation,
    OrganisationKind,
)
from incidents.organisations.roles import Role

# No row has it, so that whatever is looked up for the incident or run is not there.
NO_ROW = -1


@dataclass(frozen=True, slots=True)
class Subject:
    """The incident that is imagined."""

    title: str = "An incident that is only imagined"
    category: str = "WGT"
    severity: int = 4
    tlp: str = "AMBER+STRICT"
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class SimulatedWorld:
    """One organisation's policies at work on an imagined incident of `owner`."""

    owner: Organisation
    side: Organisation
    versions: Mapping[str, PolicyVersion]
    subject: Subject
    agencies: Mapping[str, int]
    opened_at: datetime
    _batches: dict[str, Batch] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        side: Organisation,
        subject: Subject,
        *,
        opened_at: datetime,
        owner: Organisation | None = None,
        draft: PolicyVersion | None = None,
    ) -> "SimulatedWorld":
        """Read the policies in force; `draft` stands for the one that it belongs to.

        An agency's policies work on what labs share: `owner` is such a lab.
        """
        policies = Policy.objects.filter(organisation=side, archived_at=None)
        found = versions_in_force([policy.pk for policy in policies])
        versions = {row.policy.slug: row for row in found.values()}
        if draft is not None:
            versions[draft.policy.slug] = draft
        rows = Organisation.objects.filter(kind=OrganisationKind.AGENCY)
        agencies = dict(rows.values_list("slug", "pk"))
        return cls(owner or side, side, versions, subject, agencies, opened_at)

    @property
    def organisation(self) -> str:
        """The slug of the organisation whose policy it is."""
        return self.side.slug

    @property
    def is_owner(self) -> bool:
        """Whether the incident is the organisation's own."""
        return self.owner.pk == self.side.pk

    def working_time(self, calendar: str) -> WorkingTime | None:
        """Return a calendar of the organisation; None counts every hour."""
        return load_calendars({(self.side.pk, calendar)}).get((self.side.pk, calendar))

    def facts(self, course: Course, at: datetime) -> Facts:
        """Return the facts, without any acknowledgement."""
        run = self._run(course)
        batch = self._batch(run, course, at)
        batch.shares[run.incident_id] = self._seen_by(course)
        for team, user_id in course.turns.items():
            batch.directory.people.take_turn(self.side.pk, team, user_id)
        facts = batch.facts_of(run)
        came_from = frozenset((*course.came_from, course.policy))
        policies = frozenset(self.versions)
        reach = {key: self._hide_ways(found) for key, found in facts.reach.items()}
        return replace(facts, reach=reach, came_from=came_from, policies=policies)

    def messages(
        self, course: Course, facts: Facts, decision: Decision, at: datetime
    ) -> Sequence[Page]:
        """Return the messages that production would queue for a decision."""
        run = self._run(course)
        run.round = decision.round
        step = Step(run, facts, at, decision)
        return [_page(row, at, course) for row in messages_of(step)]

    def given_by(self, organisation: str, user_id: int | None) -> Given:
        """Return an acknowledgement of a person, or of somebody with any role there."""
        if organisation != self.side.slug:
            # Which roles another organisation has given is not for this one to know.
            roles = frozenset(Role.values)
            return Given(organisation, is_own=False, person=user_id, roles=roles)
        rows = Membership.objects.filter(
            organisation=self.side, ended_at=None, user__is_active=True
        )
        if user_id is None:
            first = rows.order_by("pk").first()
            user_id = first.user_id if first else None
        roles = frozenset(rows.filter(user=user_id).values_list("role", flat=True))
        return Given(organisation, is_own=True, person=user_id, roles=roles)

    def _hide_ways(self, found: Sequence[Recipient]) -> tuple[Recipient, ...]:
        """Put another organisation's desk in the place of its contact methods."""
        shown: dict[int, Recipient] = {}
        for one in found:
            if one.organisation_id == self.side.pk:
                shown[one.method_id] = one
            else:
                desk = -one.organisation_id
                shown[desk] = replace(one, method_id=desk, channel="", address="")
        return tuple(shown.values())

    def _batch(self, run: Run, course: Course, at: datetime) -> Batch:
        """Return what is true at an instant; each policy's people are read once."""
        if course.policy not in self._batches:
            self._batches[course.policy] = Batch.load(
                [run],
                now=self.opened_at,
                until=self.opened_at + HORIZON,
            )
        return self._batches[course.policy].at(at)

    def _seen_by(self, course: Course) -> set[int]:
        shared = {self.agencies[slug] for slug in course.shared_with}
        return shared | ({self.side.pk} - {self.owner.pk})

    def _run(self, course: Course) -> Run:
        severity, opened_at = course.severity, self.opened_at
        return Run(
            pk=NO_ROW,
            incident=imagined_incident(self.owner, self.subject, severity, opened_at),
            organisation=self.side,
            version=self.versions[course.policy],
            came_from=[],
        )


def imagined_incident(
    owner: Organisation, subject: Subject, severity: int, opened_at: datetime
) -> Incident:
    """Return an incident that is in no table."""
    return Incident(
        pk=NO_ROW,
        ref="INC-SIMULATED",
        organisation=owner,
        title=subject.title,
        category=subject.category,
        severity=severity,
        tlp=subject.tlp,
        labels=dict(subject.labels),
        opened_at=opened_at,
    )


def _page(row: NewNotification, at: datetime, course: Course) -> Page:
    delay = timedelta(seconds=row.delay_seconds)
    place = None
    if row.step_index is not None and row.round is not None:
        place = (row.step_index, row.round)
    return Page(
        key=f"{len(course.came_from)}:{row.dedup_key}",
        purpose=row.purpose,
        channel=row.channel,
        name=row.recipient_name or row.address,
        address=row.address,
        subject=row.message.subject,
        text=row.message.text,
        due_at=row.held_until or at + delay,
        place=place,
        user_id=row.recipient_user_id,
    )
