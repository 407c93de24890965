"""Finds the contact methods behind a policy's targets, in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Q

from escalation.notifications.models import ContactMethod
from escalation.notifications.rule_editing import load_rules
from escalation.notifications.rules import Rules, plan_contacts
from escalation.policies.targets import Target
from escalation.runs.people import People
from escalation.runs.situation import Reason, Recipient
from incidents.models import Organisation, OrganisationKind


@dataclass(slots=True)
class Directory:
    """Everybody and every desk that a batch's targets may name, by organisation id."""

    people: People
    organisations: dict[str, Organisation] = field(default_factory=dict)
    methods: dict[tuple[int, int], list[ContactMethod]] = field(default_factory=dict)
    rules: dict[tuple[int, int], Rules] = field(default_factory=dict)
    desks: dict[int, list[ContactMethod]] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        wanted: Iterable[tuple[int, Target]],
        *,
        now: datetime,
        until: datetime | None = None,
        owners: Iterable[int] = (),
        authors: Iterable[tuple[int, int]] = (),
    ) -> "Directory":
        """Read the people and desks for these (organisation id, target) pairs at `now`.

        Desks of `owners` are read also if no target names them.
        """
        pairs = set(wanted)
        people = People.load(pairs, now=now, until=until, authors=authors)
        directory = cls(people)
        rows = Organisation.objects.exclude(kind=OrganisationKind.PLATFORM)
        directory.organisations = {row.slug: row for row in rows}
        directory._read_methods(
            {organisation_id for organisation_id, _ in pairs} | set(owners),
            {target.value for _, target in pairs if target.kind == "desk"},
        )
        return directory

    def at(self, now: datetime) -> "Directory":
        """Return the same at another instant, without reading again."""
        return replace(self, people=self.people.at(now))

    def recipients(
        self,
        target: Target,
        organisation_id: int,
        seen_by: frozenset[int],
        *,
        is_urgent: bool,
        now: datetime,
    ) -> list[Recipient]:
        """Return how a target of the organisation's policy is reached at `now`.

        People as their own rules say; desks and webhooks by every verified method.
        """
        if target.kind == "desk":
            return self._desk(target.value, seen_by)
        if target.kind == "webhook":
            methods = self.desks.get(organisation_id, [])
            return [
                _recipient(method, method.slug)
                for method in methods
                if target.value in (method.slug, method.address)
            ]
        people = self.people.named_by(target, organisation_id)
        return [
            recipient
            for user_id in people
            for recipient in self.person(
                organisation_id, user_id, is_urgent=is_urgent, now=now
            )
        ]

    def why_nobody(self, target: Target, organisation_id: int) -> Reason:
        """Return why a target reaches nobody, given that it does not."""
        return self.people.why_nobody(target, organisation_id)

    def desk_of(self, organisation_id: int, name: str) -> tuple[Recipient, ...]:
        """Return the desk that hears of what a policy could not do."""
        methods = self.desks.get(organisation_id, [])
        return tuple(_recipient(method, f"{name} desk") for method in methods)

    def person(
        self, organisation_id: int, user_id: int, *, is_urgent: bool, now: datetime
    ) -> list[Recipient]:
        """Return the ways to one person for the organisation, by their own rules."""
        found = self.methods.get((organisation_id, user_id), [])
        methods = {method.slug: method for method in found}
        plan = plan_contacts(
            self.rules.get((organisation_id, user_id)),
            list(methods),
            is_urgent=is_urgent,
            at=now,
        )
        return [
            replace(
                _recipient(methods[contact.method], self.people.names[user_id]),
                delay_seconds=contact.delay_seconds,
                held_until=contact.held_until,
                note=plan.note,
            )
            for contact in plan.contacts
        ]

    def author(
        self, organisation_id: int, user_id: int | None, *, now: datetime
    ) -> tuple[Recipient, ...]:
        """Return the ways to whoever wrote a policy, if they still belong."""
        if user_id is None or (organisation_id, user_id) not in self.people.authors:
            return ()
        return tuple(self.person(organisation_id, user_id, is_urgent=False, now=now))

    def _desk(self, slug: str, seen_by: frozenset[int]) -> list[Recipient]:
        organisation = self.organisations.get(slug)
        # Another's desk hears only of what is shared with it.
        if organisation is None or organisation.pk not in seen_by:
            return []
        return list(self.desk_of(organisation.pk, organisation.name))

    def _read_methods(self, owners: set[int], desk_slugs: set[str]) -> None:
        # A policy that reaches nobody still tells its own organisation's desk.
        desks = owners | {
            self.organisations[slug].pk
            for slug in desk_slugs
            if slug in self.organisations
        }
        methods = ContactMethod.objects.usable().filter(
            Q(user__in=list(self.people.names), organisation__in=owners)
            | Q(user=None, organisation__in=desks)
        )
        people: dict[tuple[int, int], list[ContactMethod]] = defaultdict(list)
        named: dict[int, list[ContactMethod]] = defaultdict(list)
        for row in methods.order_by("id"):
            if row.user_id is None:
                named[row.organisation_id].append(row)
            else:
                people[row.organisation_id, row.user_id].append(row)
        self.methods, self.desks = dict(people), dict(named)
        self.rules = load_rules(owners, {user_id for _, user_id in people})


def _recipient(method: ContactMethod, name: str) -> Recipient:
    return Recipient(
        name=name,
        method_id=method.pk,
        channel=method.channel,
        address=method.address,
        organisation_id=method.organisation_id,
        user_id=method.user_id,
    )
