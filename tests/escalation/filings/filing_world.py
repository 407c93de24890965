"""A lab, an agency and an incident, and short ways to carry a filing along."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from escalation.filings.access import agency_actor, find_filing
from escalation.filings.approval import approve, ask_review
from escalation.filings.drafting import (
    NewFiling,
    NewRecipient,
    start_filing,
    write_version,
)
from escalation.filings.reading import newest_version
from escalation.filings.submitting import submit
from escalation.models import Filing, FilingRecipient
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.models import Incident, Organisation, User
from tests import factories as make
from tests.factories import NOW

NIS2 = "eu-nis2-23"
SB53 = "us-ca-sb53"
MINUTE = timedelta(minutes=1)


@dataclass
class FilingWorld:
    """Who works on filings; `now` moves by hand."""

    lab: Organisation
    agency: Organisation
    author: User
    approver: User
    officer: User
    incident: Incident
    now: datetime = NOW

    def to(self, regime: str = NIS2, stage: str = "early_warning") -> NewRecipient:
        return NewRecipient(regime, stage, self.agency)

    def by_hand(self, regime: str = SB53, stage: str = "report") -> NewRecipient:
        return NewRecipient(regime, stage, None, "Cal OES")

    def draft(self, *recipients: NewRecipient, **more: Any) -> Filing:
        new = NewFiling(recipients or (self.to(),), **more)
        return start_filing(self.incident, new, **self.who(self.author))

    def who(self, user: User) -> dict[str, Any]:
        side = self.agency if user == self.officer else self.lab
        return {"user": user, "actor": Actor.of(user, side), "now": self.now}

    def actor(self, user: User) -> dict[str, Any]:
        who = self.who(user)
        return {"actor": who["actor"], "now": who["now"]}

    def answer_all(self, filing: Filing, text: str = "Yes.") -> None:
        newest = newest_version(filing)
        rows = [{**row, "answer": row["answer"] or text} for row in newest.sections]
        write_version(filing, rows, based_on=newest.number, **self.who(self.author))

    def approved(self, *recipients: NewRecipient, **more: Any) -> Filing:
        filing = self.draft(*recipients, **more)
        self.answer_all(filing)
        return self.approve(filing)

    def approve(self, filing: Filing) -> Filing:
        ask_review(filing, **self.actor(self.author))
        number = newest_version(filing).number
        return approve(filing, version=number, **self.who(self.approver))

    def submitted(self, *recipients: NewRecipient, **more: Any) -> Filing:
        filing = self.approved(*recipients, **more)
        return submit(filing, **self.who(self.author))

    def got(self, filing: Filing) -> FilingRecipient:
        """Return the agency's part."""
        recipient, _ = agency_actor(find_filing(self.officer, filing.ref))
        return recipient

    def told(self, user: User) -> list[tuple[str, dict[str, Any]]]:
        """Return the filing entries that this person's side reads."""
        side = self.agency if user == self.officer else self.lab
        items = timeline(self.incident, [side.pk])
        return [(i.kind, i.data) for i in items if i.kind.startswith("filing.")]


def make_filing_world(**more: Any) -> FilingWorld:
    lab = make.lab("aurora", name="Aurora Labs")
    agency = make.agency("naisa", name="Safety Agency")
    return FilingWorld(
        lab,
        agency,
        author=make.person(lab),
        approver=make.person(lab, role="approver"),
        officer=make.person(agency, role="officer"),
        incident=make.incident(
            lab,
            title="Weights copied",
            description="1.2 TB left the cluster.",
            aware_at=NOW - timedelta(hours=2),
            **more,
        ),
    )
