"""Say whether a report came on time: by the due instant that stood at that moment."""

from escalation.duties.overdue import is_overdue
from escalation.filings.models import FilingRecipient


def is_late(recipient: FilingRecipient) -> bool | None:
    """Whether it was submitted too late, None if no date stood or it is not submitted."""
    if recipient.submitted_at is None or recipient.due_operational is None:
        return None
    return is_overdue(recipient.due_operational, at=recipient.submitted_at)
