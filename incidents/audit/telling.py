"""Has everybody told that the record does not fit: the operator and both sides."""

from datetime import datetime
from typing import Final

from incidents.audit.models import Audit
from incidents.organisations.models import Organisation
from incidents.sealing.log_events import MISMATCH, record_log_event
from incidents.timers.schedule import NewTimer, add_timers

MISMATCH_TIMER: Final = "record.mismatch"


def tell_of_mismatch(audit: Audit, now: datetime) -> None:
    """Have each organisation paged, and record what was found. Requires a transaction.

    All of them, for all stand in one log: what does not fit for one shakes every proof.
    """
    add_timers(
        NewTimer(MISMATCH_TIMER, audit.pk, organisation_id, now)
        for organisation_id in Organisation.objects.values_list("pk", flat=True)
    )
    fields = {"size": audit.size, "findings": audit.findings}
    record_log_event(MISMATCH, fields, now)
