"""Find a filing that a person may see, and in whose name they act on it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet
from django.http import Http404

from escalation.filings.models import Filing, FilingRecipient, RecipientState
from incidents.errors import NotAllowed, NotPossible
from incidents.events.actor import Actor
from incidents.incident.access import actor_for, roles_of
from incidents.incident.refs import FILING, is_ref, normalise_ref
from incidents.models import Organisation, User
from incidents.organisations.roles import Action, allowed_actions, can

# What waits for the agency comes before what waits for the lab.
_IN_WORK: Final = {
    RecipientState.SUBMITTED: 3,
    RecipientState.RECEIVED: 3,
    RecipientState.RETURNED: 2,
    RecipientState.ACCEPTED: 1,
}


@dataclass(frozen=True, slots=True)
class FilingSeen:
    """A filing as one person sees it: as its lab's, or as the agency that got it.

    Of an agency's parts the last of `recipients` is the one that is worked on.
    """

    filing: Filing
    person: User
    recipients: tuple[FilingRecipient, ...]
    is_own: bool

    @property
    def side(self) -> Organisation:
        """The organisation whose view this is."""
        agency = self.recipients[-1].agency
        return self.filing.organisation if self.is_own or agency is None else agency

    def may(self, action: Action) -> bool:
        """Whether the person may do this for their side."""
        roles = roles_of(self.person).get(self.side.pk, [])
        return any(action in allowed_actions(role, self.side.kind) for role in roles)


def find_filing(person: User, ref: str, *, part: str = "") -> FilingSeen:
    """Return the filing with this reference; an agency may name its part by its key.

    Raises Http404 when it is not visible.
    """
    wanted = normalise_ref(ref, prefix=FILING)
    rows = Filing.objects.visible_to(person).select_related(
        "incident__organisation", "organisation", "amends", "created_by"
    )
    filing = rows.filter(ref=wanted).first() if is_ref(wanted, prefix=FILING) else None
    if filing is None:
        raise Http404
    own = set(Organisation.objects.of(person).values_list("pk", flat=True))
    is_own = filing.organisation_id in own
    shown = list(recipients_for(filing, own, is_own=is_own))
    if not is_own:
        shown = _worked_on_last(shown, part)
    return FilingSeen(filing, person, tuple(shown), is_own)


def _worked_on_last(
    rows: Iterable[FilingRecipient], part: str
) -> list[FilingRecipient]:
    """Return an agency's parts: what waits for it last, of that the newest.

    Given on and come back, or under several laws, an agency has several.
    """
    found = sorted(
        rows,
        key=lambda row: (_IN_WORK.get(RecipientState(row.state), 0), row.pk),
    )
    if part and part not in {row.key for row in found}:
        raise Http404
    return sorted(found, key=lambda row: row.key == part)


def recipients_for(
    filing: Filing, own: set[int], *, is_own: bool
) -> QuerySet[FilingRecipient]:
    """Return the recipients that a side may know of: an agency only itself."""
    rows = (
        filing.recipients.select_related(
            *("agency", "organisation", "version", "receipt"),
            "filing__incident__organisation",
        )
        .prefetch_related("requests")
        .order_by("pk")
    )
    if is_own:
        return rows
    return rows.filter(Q(agency__in=own, submitted_at__isnull=False))


def lab_actor(seen: FilingSeen, action: Action) -> Actor:
    """Return the person acting for the filing's lab. Raises Http404, NotAllowed."""
    if not seen.is_own:
        raise Http404
    return _actor(seen.person, action, seen.filing.organisation)


def agency_actor(
    seen: FilingSeen, action: Action = Action.TRIAGE
) -> tuple[FilingRecipient, Actor]:
    """Return the part that is worked on, and the person acting for its agency.

    Raises Http404, NotAllowed.
    """
    own = set(Organisation.objects.of(seen.person).values_list("pk", flat=True))
    mine = [one for one in seen.recipients if one.agency_id in own and one.submitted_at]
    if not mine:
        raise Http404
    recipient = mine[-1]
    if recipient.agency is None:
        raise NotPossible("No agency here has it.", state={"ref": seen.filing.ref})
    return recipient, _actor(seen.person, action, recipient.agency)


def _actor(person: User, action: Action, side: Organisation) -> Actor:
    if not can(person, action, side):
        raise NotAllowed(f"None of your roles lets you {Action(action).label}.")
    return actor_for(person, side)
