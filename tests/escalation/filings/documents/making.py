"""A filing as plain values, and how its files are read back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from escalation.filings.documents.document import (
    Due,
    FilingDocument,
    IncidentFacts,
    Instant,
    Law,
    Section,
)

NOW = datetime(2026, 7, 16, 9, 30, tzinfo=UTC)
AWARE = datetime(2026, 7, 13, 21, 5, 12, tzinfo=UTC)
LAW = Law(
    id="eu-gpai-cop-9",
    name="GPAI Code of Practice, Safety and Security, Commitment 9",
    act="General-Purpose AI Code of Practice",
    article="Measure 9.3",
    citation="Measure 9.3(2)",
    source_url="https://digital-strategy.ec.europa.eu/en/policies/contents-code-gpai",
    verified_on=date(2026, 11, 23),
    basis="statute",
    zone="Europe/Brussels",
    uncertain=("The Code says days without more; calendar days are our reading.",),
)
INCIDENT = IncidentFacts(
    ref="INC-7KQ2M9X4TB",
    title="A model left its evaluation sandbox",
    description="It reached a third party's production systems.",
    category="SXF",
    severity=4,
    status="acknowledged",
    facets={
        "determination": "confirmed",
        "outcome": "incident",
        "harm": ("economic", "rights"),
        "internal_use": "yes",
        "recoverability": "supplemented",
    },
    occurred_at=AWARE - timedelta(days=4),
    detected_at=AWARE - timedelta(hours=2),
    aware_at=AWARE,
    opened_at=AWARE + timedelta(minutes=10),
)
NAME = IncidentFacts(
    ref=INCIDENT.ref,
    title=INCIDENT.title,
    category=INCIDENT.category,
    opened_at=INCIDENT.opened_at,
)
SECTIONS = (
    Section("Start and end, or the best approximations", "9 to 13 July 2026"),
    Section("Harm, and who was affected", "One company; no people were hurt."),
    Section("Chain of events", is_not_yet_known=True, reason="Logs are being read."),
    Section("Model involved"),
)


def document(**changes):
    """Return a filing that has something of everything."""
    made = FilingDocument(
        reference="FIL-3F8Z6Q1WKD",
        version=2,
        state="submitted",
        law=LAW,
        stage_id="initial_cybersecurity_breach",
        stage_name="Initial report: cybersecurity breach",
        organisation="Aurora Labs",
        recipient="AI Office",
        tlp="AMBER+STRICT",
        confidentiality="Art. 78 of Regulation (EU) 2024/1689",
        incident=INCIDENT,
        sections=SECTIONS,
        anchors=(
            Instant(
                "model_involvement_aware",
                AWARE,
                "2026-07-13T23:05:12+02:00",
                "Incident lead's log",
            ),
            Instant(
                "discovered",
                AWARE - timedelta(days=1),
                "2026-07-12",
                "Minutes of the stand-up",
                precision="day",
            ),
        ),
        due=Due(
            operational=AWARE + timedelta(days=5),
            statutory_latest=AWARE + timedelta(days=7),
            rule="5 days from model_involvement_aware",
            flags=("uncertain: calendar days",),
        ),
        submitted_at=NOW - timedelta(minutes=5),
        receipt_number="NAISA-2026-000017",
        amends="FIL-1A2B3C4D5E",
        made_at=NOW,
    )
    return replace(made, **changes)


def answered(*texts):
    """Return a filing of which each required field has one of these answers."""
    rows = tuple(Section(f"Field {n}", text) for n, text in enumerate(texts))
    return document(sections=rows)
