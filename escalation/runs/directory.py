"""Finds the contact methods behind a policy's targets, for many runs in four statements."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from escalation.notifications.models import ContactMethod
from escalation.policies.steps import Target
from escalation.runs.decide import Recipient
from incidents.models import Membership, Organisation, OrganisationKind, Team


@dataclass(slots=True)
class Directory:
    """Everybody and every desk that a batch's targets may name, by organisation id."""

    organisations: dict[str, Organisation] = field(default_factory=dict)
    users: dict[tuple[int, str], int] = field(default_factory=dict)
    teams: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    people: dict[tuple[int, int], list[ContactMethod]] = field(default_factory=dict)
    desks: dict[int, list[ContactMethod]] = field(default_factory=dict)

    @classmethod
    def load(cls, wanted: Iterable[tuple[int, Target]]) -> "Directory":
        """Read the people and desks for these (organisation id, target) pairs."""
        pairs = set(wanted)
        directory = cls()
        rows = Organisation.objects.exclude(kind=OrganisationKind.PLATFORM)
        directory.organisations = {row.slug: row for row in rows}
        owners = {organisation_id for organisation_id, _ in pairs}
        directory._read_users(
            owners, {t.value.lower() for _, t in pairs if t.kind == "user"}
        )
        directory._read_teams(owners, {t.value for _, t in pairs if t.kind == "team"})
        directory._read_methods(owners, {t.value for _, t in pairs if t.kind == "desk"})
        return directory

    def recipients(
        self,
        target: Target,
        organisation_id: int,
        seen_by: frozenset[int],
        *,
        is_urgent: bool,
        now: datetime,
    ) -> list[Recipient]:
        """Return every verified way to a target of the organisation's policy at `now`."""
        if target.kind == "user":
            user_id = self.users.get((organisation_id, target.value.lower()))
            return self._person(organisation_id, user_id) if user_id else []
        if target.kind == "team":
            members = self.teams.get((organisation_id, target.value), [])
            return [
                r for user_id in members for r in self._person(organisation_id, user_id)
            ]
        if target.kind == "desk":
            return self._desk(target.value, seen_by)
        methods = self.desks.get(organisation_id, [])
        return [
            _recipient(m, m.slug)
            for m in methods
            if target.value in (m.slug, m.address)
        ]

    def desk_of(self, organisation_id: int, name: str) -> tuple[Recipient, ...]:
        """Return the desk that hears of what a policy could not do."""
        methods = self.desks.get(organisation_id, [])
        return tuple(_recipient(method, f"{name} desk") for method in methods)

    def _person(self, organisation_id: int, user_id: int) -> list[Recipient]:
        methods = self.people.get((organisation_id, user_id), [])
        return [_recipient(method, self.names[user_id]) for method in methods]

    def _desk(self, slug: str, seen_by: frozenset[int]) -> list[Recipient]:
        organisation = self.organisations.get(slug)
        # Another's desk hears only of what is shared with it.
        if organisation is None or organisation.pk not in seen_by:
            return []
        return list(self.desk_of(organisation.pk, organisation.name))

    def _read_users(self, owners: set[int], emails: set[str]) -> None:
        rows = Membership.objects.filter(
            organisation__in=owners,
            ended_at=None,
            user__is_active=True,
            user__email__in=emails,
        )
        for row in rows.select_related("user"):
            self.users[row.organisation_id, row.user.email] = row.user_id
            self.names[row.user_id] = str(row.user)

    def _read_teams(self, owners: set[int], slugs: set[str]) -> None:
        rows = Team.objects.filter(
            organisation__in=owners, slug__in=slugs, members__is_active=True
        ).order_by("members__id")
        columns = (
            "organisation_id",
            "slug",
            "members__id",
            "members__name",
            "members__email",
        )
        for organisation_id, slug, user_id, name, email in rows.values_list(*columns):
            self.teams.setdefault((organisation_id, slug), []).append(user_id)
            self.names[user_id] = name or email

    def _read_methods(self, owners: set[int], desk_slugs: set[str]) -> None:
        # A policy that reaches nobody still tells its own organisation's desk.
        desks = owners | {
            self.organisations[slug].pk
            for slug in desk_slugs
            if slug in self.organisations
        }
        rows = ContactMethod.objects.filter(
            Q(user__in=list(self.names), organisation__in=owners)
            | Q(user=None, organisation__in=desks),
            verified_at__isnull=False,
            disabled_at=None,
        ).order_by("id")
        people: dict[tuple[int, int], list[ContactMethod]] = defaultdict(list)
        named: dict[int, list[ContactMethod]] = defaultdict(list)
        for row in rows:
            if row.user_id is None:
                named[row.organisation_id].append(row)
            else:
                people[row.organisation_id, row.user_id].append(row)
        self.people, self.desks = dict(people), dict(named)


def _recipient(method: ContactMethod, name: str) -> Recipient:
    return Recipient(
        name=name,
        method_id=method.pk,
        channel=method.channel,
        address=method.address,
        organisation_id=method.organisation_id,
        user_id=method.user_id,
    )
