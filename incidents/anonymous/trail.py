"""Record what happens to anonymous reports: that and when, never what it says.

An entry commits to the encrypted words by their digest, so that the record can be read
by others than the handlers and outlives the report.
"""

import hashlib
from typing import Any

from incidents.anonymous.models import AnonymousReport, ReportMessage
from incidents.events.actor import Actor
from incidents.events.record import record


def record_report(
    kind: str, report: AnonymousReport, *, actor: Actor, **fields: Any
) -> None:
    """Record one event of a report for its organisation. Requires an open recording."""
    record(
        kind,
        organisation_id=report.organisation_id,
        actor=actor,
        body={"report": report.ref, **fields},
    )


def sealed_digest(message: ReportMessage) -> str:
    """Return the sha256 of a message as it is stored: encrypted."""
    return hashlib.sha256(bytes(message.text_sealed)).hexdigest()
