"""Options that `simulate` and `coverage` share."""

from datetime import datetime

from django.core.management.base import CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from escalation.policies.models import Policy
from incidents.models import Organisation
from incidents.timers.clock import read_now


def add_place(parser: CommandParser) -> None:
    """Declare whose policy it is, and the instant."""
    parser.add_argument(
        "--organisation", default="", help="slug; needed where several have the policy"
    )
    parser.add_argument(
        "--at",
        default="",
        help="instant with offset, such as 2026-12-24T23:30:00Z; now",
    )


def read_instant(text: str) -> datetime:
    """Return the instant that was given, now without one. Raises CommandError."""
    if not text:
        return read_now()
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        message = f"--at {text!r} is no instant; use such as 2026-12-24T23:30:00Z."
        raise CommandError(message)
    return at


def side_of(slug: str, *, policy: str) -> Organisation:
    """Return the organisation that is meant. Raises CommandError, naming the remedy."""
    rows = Policy.objects.filter(slug=policy, archived_at=None)
    if slug:
        rows = rows.filter(organisation__slug=slug)
    found = list(rows.select_related("organisation"))
    if len(found) == 1:
        return found[0].organisation
    if found:
        owners = ", ".join(sorted(row.organisation.slug for row in found))
        message = f"Several organisations have a policy {policy!r}: --organisation is one of {owners}."
        raise CommandError(message)
    known = ", ".join(
        f"{row.organisation.slug}/{row.slug}"
        for row in Policy.objects.filter(archived_at=None).select_related(
            "organisation"
        )
    )
    raise CommandError(
        f"There is no policy {policy!r} in use; there are: {known or 'none'}."
    )
