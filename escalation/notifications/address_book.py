"""Whom to tell for an organisation: certain people, else its desk, else its administrators."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import structlog

from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import desk_methods, methods_for_users
from incidents.models import Membership
from incidents.organisations.roles import Role

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Where the people, desks and administrators of some organisations are reached."""

    people: dict[tuple[int, int], list[ContactMethod]]
    desks: dict[int, list[ContactMethod]]
    admins: dict[int, list[int]]

    @classmethod
    def load(
        cls, organisation_ids: Collection[int], *, user_ids: Iterable[int] = ()
    ) -> "AddressBook":
        """Read what is needed to tell these people for these organisations."""
        admins: dict[int, list[int]] = {}
        rows = Membership.objects.filter(
            organisation__in=organisation_ids, role=Role.ADMIN, ended_at=None
        )
        for row in rows.order_by("id"):
            admins.setdefault(row.organisation_id, []).append(row.user_id)
        users = {*user_ids, *(user for found in admins.values() for user in found)}
        people = methods_for_users(users, organisation_ids)
        return cls(people, desk_methods(organisation_ids), admins)

    def methods_of(
        self, organisation_id: int, user_ids: Iterable[int] = ()
    ) -> list[ContactMethod]:
        """Return the methods of the first of the three that can be reached."""
        found = (
            self._people(organisation_id, user_ids)
            or self.desks.get(organisation_id, [])
            or self._people(organisation_id, self.admins.get(organisation_id, []))
        )
        if not found:
            log.warning("nobody_to_tell", organisation=organisation_id)
        return found

    def _people(
        self, organisation_id: int, user_ids: Iterable[int]
    ) -> list[ContactMethod]:
        return [
            method
            for user_id in user_ids
            for method in self.people.get((organisation_id, user_id), [])
        ]
