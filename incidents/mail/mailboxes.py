"""Open, change and close the address at which an organisation takes mail."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Q

from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.severity import SEVERITIES
from incidents.incident.taxonomy import category_named
from incidents.incident.tlp import DEFAULT_TLP, parse_tlp
from incidents.mail.addresses import new_token, token_columns
from incidents.mail.models import Mailbox, MailState
from incidents.organisations.models import Organisation, OrganisationKind, User
from incidents.organisations.roles import (
    Action,
    Role,
    allowed_actions,
    organisations_allowing,
)

# A former address goes on for so long, so that address books can be changed.
KEPT_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class MailboxDraft:
    """What a mailbox is to be: what a report by mail is filed as."""

    is_open: bool = True
    default_category: str = "AVL"
    default_severity: int = 3
    default_tlp: str = DEFAULT_TLP.value


# Who decides on mail in an organisation of any kind.
_DECIDING: Final = [
    role
    for role in Role
    if {Action.MANAGE, Action.TRIAGE}
    & {action for kind in ("lab", "agency") for action in allowed_actions(role, kind)}
]
OPTIONS: Final = tuple(field.name for field in fields(MailboxDraft))


def save_mailbox(
    organisation: Organisation, draft: MailboxDraft, *, actor: Actor, now: datetime
) -> Mailbox:
    """Bring the mailbox of an organisation to this; a new one gets an address.

    Locks the organisation. Raises BadInput.
    """
    wanted = _checked(organisation, draft)
    with recording(now):
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        box = Mailbox.objects.filter(organisation=organisation).first()
        if box is None:
            columns = token_columns(new_token())
            box = Mailbox.objects.create(organisation=organisation, **columns, **wanted)
            _record(box, "opened", wanted, actor)
            return box
        changes = {n: v for n, v in wanted.items() if getattr(box, n) != v}
        if changes:
            for name, value in changes.items():
                setattr(box, name, value)
            box.save(update_fields=sorted(changes))
            _record(box, "changed", changes, actor)
    return box


def rotate_address(
    organisation: Organisation, *, keep_old: bool, actor: Actor, now: datetime
) -> Mailbox:
    """Give the mailbox another address; the old one goes on for 14 days if it is kept.

    A still older one ends at once. Raises BadInput without a mailbox.
    """
    ends_at = now + timedelta(days=KEPT_DAYS)
    with recording(now):
        rows = Mailbox.objects.select_for_update(no_key=True, of=("self",))
        box = rows.filter(organisation=organisation).first()
        if box is None:
            remedy = "It takes no mail yet; open its mailbox first."
            raise BadInput("organisation", organisation.slug, remedy)
        box.old_token_digest = bytes(box.token_digest) if keep_old else None
        box.old_token_ends_at = ends_at if keep_old else None
        for name, value in token_columns(new_token()).items():
            setattr(box, name, value)
        box.save(
            update_fields=[
                *("token_digest", "token_sealed"),
                *("old_token_digest", "old_token_ends_at"),
            ]
        )
        kept = {"old_ends_at": ends_at.isoformat()} if keep_old else {}
        _record(box, "given a new address", kept, actor)
    box.organisation = organisation
    return box


def mailboxes_of(user: User) -> list[Mailbox]:
    """Return the open mailboxes of the organisations for which the person may comment."""
    ids = organisations_allowing(user, Action.COMMENT)
    rows = Mailbox.objects.filter(organisation__in=ids, is_open=True)
    return list(rows.select_related("organisation").order_by("organisation__name"))


def held_mail(user: User) -> int | None:
    """Return how many mails wait for the person to decide, in one statement.

    None for who decides on none, or whose organisations never took mail.
    """
    decides = user.memberships.filter(ended_at=None, role__in=_DECIDING)
    boxes = Mailbox.objects.filter(organisation__in=decides.values("organisation"))
    is_held = Q(organisation__mails__state=MailState.HELD)
    counted = boxes.annotate(held=Count("organisation__mails", filter=is_held))
    counts = list(counted.values_list("held", flat=True))
    return sum(counts) if counts else None


def _checked(organisation: Organisation, draft: MailboxDraft) -> dict[str, Any]:
    if organisation.kind == OrganisationKind.PLATFORM:
        remedy = "The platform's operator takes no reports; name a lab or an agency."
        raise BadInput("organisation", organisation.slug, remedy)
    if draft.default_severity not in {level.level for level in SEVERITIES}:
        remedy = "Give a number from 0 to 5."
        raise BadInput("default_severity", draft.default_severity, remedy)
    if category_named(draft.default_category) is None:
        remedy = "Use a code of the taxonomy."
        raise BadInput("default_category", draft.default_category, remedy)
    try:
        tlp = parse_tlp(draft.default_tlp).value
    except ValueError as error:
        raise BadInput("default_tlp", draft.default_tlp, str(error)) from None
    values = {name: getattr(draft, name) for name in OPTIONS}
    return {**values, "default_tlp": tlp}


def _record(box: Mailbox, done: str, changes: dict[str, Any], actor: Actor) -> None:
    record(
        "config.changed",
        organisation_id=box.organisation_id,
        actor=actor,
        body={"what": f"Mailbox {done}", "changes": changes},
    )
