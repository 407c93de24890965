"""Leave word for the other side that a filing moved: a timer, due now, for the letter."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from escalation.filings.models import FilingRecipient
from incidents.timers.schedule import NewTimer, add_timers

TOLD: Final = "filing.told"

SUBMITTED: Final = "submitted"
RECEIVED: Final = "received"
RETURNED: Final = "returned"
ACCEPTED: Final = "accepted"
TRANSFERRED: Final = "transferred"
ASKED: Final = "asked"
ANSWERED: Final = "answered"
ANSWERED_IN_PART: Final = "answered_in_part"
MOVED: Final = "request_moved"
UNASKED: Final = "request_withdrawn"
# What the lab does is told to the agency, all else to the lab.
TO_AGENCY: Final = frozenset({SUBMITTED, ANSWERED, ANSWERED_IN_PART})


def tell(
    recipients: Iterable[FilingRecipient], what: str, *, now: datetime, number: int = 0
) -> None:
    """Have the other side's desk told. Requires an open recording."""
    add_timers(
        NewTimer(
            kind=TOLD,
            subject_id=recipient.pk,
            organisation_id=_told(recipient, what),
            incident_id=recipient.filing.incident_id,
            due_at=now,
            payload={"what": what, "number": number},
        )
        for recipient in recipients
        if recipient.agency_id
    )


def _told(recipient: FilingRecipient, what: str) -> int:
    if what in TO_AGENCY and recipient.agency_id:
        return recipient.agency_id
    return recipient.organisation_id
