from datetime import UTC, datetime

import pytest

from escalation.filings.prefill import Known, prefilled, proposal
from escalation.filings.sections import Section

KNOWN = Known(
    ref="INC-1",
    title="Escape",
    description="It left the sandbox.",
    category="Loss of control",
    severity="Severity 4, Severe",
    organisation="Aurora",
    facts={"internal_use": "Yes", "jurisdictions": "BE, DE"},
    instants={"detected": datetime(2026, 11, 1, 4, tzinfo=UTC)},
)


@pytest.mark.parametrize(
    ("field", "answer"),
    [
        ("Whether it came with internal use", "Yes"),
        ("Member States", "BE, DE"),
        ("Date and time of detection", "Detected: 2026-11-01 04:00:00 UTC"),
        ("Date", "Detected: 2026-11-01 04:00:00 UTC"),
        ("Classification", "Loss of control"),
        ("Description", "Escape\n\nIt left the sandbox."),
        ("Costs and losses", ""),
    ],
)
def test_proposal_is_what_the_incident_knows(field: str, answer: str):
    assert proposal(field, KNOWN) == answer


def test_what_is_answered_stays():
    [kept] = prefilled([Section("Date", "Tuesday", audience=("a",))], KNOWN)
    assert kept == Section("Date", "Tuesday", audience=("a",))
