"""Finds who is meant by a policy's targets, for many runs in a fixed number of statements."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import models

from escalation.oncall.loading import load_schedules
from escalation.oncall.plan import SchedulePlan
from escalation.oncall.shifts import next_on_call, shifts, who, worked_out
from escalation.policies.targets import Target
from escalation.runs.situation import Reason
from escalation.runs.turns import last_turns
from incidents.models import Membership, Team, User

Key = tuple[int, str]  # organisation id, and what the target says
# Whoever is on call next is looked for until here.
_NEXT_SHIFT = timedelta(days=60)


@dataclass(slots=True)
class People:
    """Who each target of a batch names, by organisation id. Desks and webhooks are nobody."""

    now: datetime
    users: dict[Key, int] = field(default_factory=dict)
    teams: dict[Key, list[int]] = field(default_factory=dict)
    roles: dict[Key, list[int]] = field(default_factory=dict)
    schedules: dict[Key, SchedulePlan] = field(default_factory=dict)
    # The teams that are gone through in turn, and whose turn was last in each.
    in_turn: set[Key] = field(default_factory=set)
    last_turns: dict[Key, int] = field(default_factory=dict)
    team_ids: dict[Key, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    authors: set[tuple[int, int]] = field(default_factory=set)

    @classmethod
    def load(
        cls,
        wanted: Iterable[tuple[int, Target]],
        *,
        now: datetime,
        until: datetime | None = None,
        authors: Iterable[tuple[int, int]] = (),
    ) -> "People":
        """Read who is named by these (organisation id, target) pairs at `now`.

        Also those of `authors` (organisation id, user id) who still belong. With `until`
        also who is on call later, up to then, for `at`.
        """
        pairs = set(wanted)
        people = cls(now)
        people._read_users(_keys(pairs, "user"))
        people._read_authors(set(authors))
        people._read_roles(_keys(pairs, "role"))
        in_turn = _keys(pairs, "round_robin")
        people._read_teams(_keys(pairs, "team") | in_turn)
        people.in_turn = {key for key in in_turn if key in people.team_ids}
        people.read_turns()
        people._read_schedules(_keys(pairs, "schedule", "next_on_call"), until)
        return people

    def at(self, now: datetime) -> "People":
        """Return the same at another instant, without reading again."""
        return replace(self, now=now)

    def named_by(self, target: Target, organisation_id: int) -> list[int]:
        """Return the people that a target of the organisation's policy names now."""
        key = (organisation_id, target.value)
        if target.kind == "user":
            user_id = self.users.get((organisation_id, target.value.lower()))
            return [] if user_id is None else [user_id]
        if target.kind == "team":
            return self.teams.get(key, [])
        if target.kind == "round_robin":
            return _after(self.last_turns.get(key, 0), self.teams.get(key, []))
        if target.kind == "role":
            return self.roles.get(key, [])
        plan = self.schedules.get(key)
        if plan is None:
            return []
        find = who if target.kind == "schedule" else next_on_call
        return list(find(plan, self.now))

    def why_nobody(self, target: Target, organisation_id: int) -> Reason:
        """Return why nobody is told, given that the target reaches nobody."""
        if self.named_by(target, organisation_id):
            return Reason.NOBODY
        if target.kind in ("schedule", "next_on_call"):
            is_there = (organisation_id, target.value) in self.schedules
            return Reason.NOBODY_ON_CALL if is_there else Reason.NO_SCHEDULE
        return _NOBODY_THERE[target.kind]

    def read_turns(self) -> None:
        """Read whose turn was last, anew where it may have changed."""
        if self.in_turn:
            found = last_turns([self.team_ids[key] for key in self.in_turn])
            self.last_turns = {
                key: found[self.team_ids[key]]
                for key in self.in_turn
                if self.team_ids[key] in found
            }

    def take_turn(self, organisation_id: int, team: str, user_id: int) -> None:
        """Note whose turn it was; whoever comes next in the batch goes on from there."""
        self.last_turns[organisation_id, team] = user_id

    def _read_users(self, keys: set[Key]) -> None:
        if not keys:
            return
        rows = _members({pk for pk, _ in keys}).filter(
            user__email__in={email.lower() for _, email in keys}
        )
        for row in rows:
            self.users[row.organisation_id, row.user.email] = row.user_id
            self.names[row.user_id] = str(row.user)

    def _read_authors(self, pairs: set[tuple[int, int]]) -> None:
        if not pairs:
            return
        rows = _members({pk for pk, _ in pairs}).filter(
            user__in={user for _, user in pairs}
        )
        for row in rows:
            self.names[row.user_id] = str(row.user)
            self.authors.add((row.organisation_id, row.user_id))

    def _read_roles(self, keys: set[Key]) -> None:
        if not keys:
            return
        rows = _members({pk for pk, _ in keys}).filter(role__in={r for _, r in keys})
        for row in rows.order_by("user"):
            self.roles.setdefault((row.organisation_id, row.role), []).append(
                row.user_id
            )
            self.names[row.user_id] = str(row.user)

    def _read_teams(self, keys: set[Key]) -> None:
        if not keys:
            return
        rows = Team.objects.filter(
            organisation__in={pk for pk, _ in keys},
            slug__in={slug for _, slug in keys},
            members__is_active=True,
        ).order_by("members__id")
        columns = "pk organisation_id slug members__id members__name members__email"
        for pk, owner, slug, user_id, name, email in rows.values_list(*columns.split()):
            self.team_ids[owner, slug] = pk
            self.teams.setdefault((owner, slug), []).append(user_id)
            self.names[user_id] = name or email

    def _read_schedules(self, keys: set[Key], until: datetime | None) -> None:
        if not keys:
            return
        self.schedules = load_schedules(keys, since=self.now)
        present = {
            person
            for plan in self.schedules.values()
            for person in (*who(plan, self.now), *next_on_call(plan, self.now))
        }
        if until is not None:
            self.schedules = {
                key: worked_out(plan, self.now, until + _NEXT_SHIFT)
                for key, plan in self.schedules.items()
            }
            for plan in self.schedules.values():
                for shift in shifts(plan, self.now, until + _NEXT_SHIFT):
                    present.update(shift.people)
        for user in User.objects.filter(pk__in=present):
            self.names[user.pk] = str(user)


_NOBODY_THERE = {
    "user": Reason.NO_PERSON,
    "team": Reason.NO_MEMBERS,
    "round_robin": Reason.NO_MEMBERS,
    "role": Reason.NO_ROLE,
    "desk": Reason.NO_DESK,
    "webhook": Reason.NO_WEBHOOK,
}


def _keys(pairs: Iterable[tuple[int, Target]], *kinds: str) -> set[Key]:
    return {(pk, target.value) for pk, target in pairs if target.kind in kinds}


def _members(organisations: set[int]) -> models.QuerySet[Membership]:
    rows = Membership.objects.filter(
        organisation__in=organisations, ended_at=None, user__is_active=True
    )
    return rows.select_related("user")


def _after(last: int, people: list[int]) -> list[int]:
    """Return people in the order of their turns, the one after the last first."""
    return [*(p for p in people if p > last), *(p for p in people if p <= last)]
