"""A lab under laws that know delays, and short ways to ask for them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from escalation.duties.delays.extensions import (
    Determined,
    confirm_extension,
    record_extension,
    request_extension,
)
from escalation.duties.delays.notices import NewNotice, notify_delay
from escalation.lawbook.editing import RegimeDraft, save_regime
from escalation.models import DelayNotice, Extension, StatutoryClock
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.shares import share, unshare
from incidents.models import Incident, Organisation, User
from tests import factories as make
from tests.escalation.duties.clocks.conftest import DutyWorld
from tests.escalation.lawbook.framework import framework

SEC = "us-sec-8k-105"
DORA = "eu-dora-19"
OWN = "aurora-framework"
WORD = b"%PDF-1.7 determination of the Attorney General"
DELAY = """
[[delays]]
id = "more_time"
name = "More time"
kind = "extension"
stages = ["notice"]
text = "The authority may give up to ten days more."
citation = "Section 4"
source_url = "https://example.org/framework"
verified_on = 2026-11-23
basis = "statute"
suspends = true
grants = [{ by = "the authority", days = 10, is_by_recipient = true }]
"""


@dataclass
class DelayWorld(DutyWorld):
    """What the tests of delays stand on: two of the lab's people, and a supervisor."""

    supervisor: User = field(kw_only=True)

    def clock_of(self, regime: str, stage: str, anchor: str) -> StatutoryClock:
        """Have a clock run from now on."""
        self.watch(regime)
        self.note(self.open(), anchor)
        return self.clock(stage, regime)

    def disclosure(self) -> StatutoryClock:
        """Return the clock of a Form 8-K."""
        return self.clock_of(SEC, "filing", "material")

    def own_law(self) -> StatutoryClock:
        """Return a clock of a framework by which the agency may give ten days."""
        draft = RegimeDraft(framework() + DELAY, "published")
        actor = Actor.system(self.lab)
        save_regime(self.lab, draft, user=self.accountable, actor=actor, now=self.now)
        return self.clock_of(OWN, "notice", "aware")

    def share(self, incident: Incident) -> None:
        share(incident, agency=self.agency, reason="by hand", **self.who())

    def unshare(self, incident: Incident) -> None:
        unshare(incident, agency=self.agency, reason="over", **self.who())

    def who(self, user: User | None = None) -> dict[str, Any]:
        """Return the arguments of who does it and when."""
        user = user or self.accountable
        side = self.agency if user in (self.officer, self.supervisor) else self.lab
        return {"user": user, "actor": Actor.of(user, side), "now": self.now}

    def word(self, days: int = 30, **more: Any) -> Determined:
        values = {
            "determined_on": self.now.date() - timedelta(days=1),
            "reason": "a risk to national security",
            "upload": SimpleUploadedFile("word.pdf", WORD),
            "filename": "word.pdf",
            **more,
        }
        return Determined(days, **values)

    def record(self, clock: StatutoryClock, days: int = 30, **more: Any) -> Extension:
        return record_extension(clock, self.word(days, **more), **self.who())

    def confirm(self, row: Extension) -> Extension:
        """Confirm by a second person, and let the loop look."""
        confirmed = confirm_extension(row, by=self.deputy, now=self.now)
        self.run()
        return confirmed

    def ask(
        self, clock: StatutoryClock, until: datetime, reason: str = "two sites are down"
    ) -> Extension:
        return request_extension(
            clock, agency=self.agency, until=until, reason=reason, **self.who()
        )

    def notify(
        self, clock: StatutoryClock, expected_at: datetime, **more: Any
    ) -> DelayNotice:
        notice = NewNotice(
            reasons=more.pop("reasons", "the logs are encrypted"),
            expected_at=expected_at,
            **{"agency": self.agency, **more},
        )
        return notify_delay(clock, notice, **self.who())

    def entries(
        self, incident: Incident, side: Organisation, *prefixes: str
    ) -> list[Any]:
        """Return (kind, data) of what a side reads, of those that begin so."""
        found = timeline(incident, [side.pk])
        return [(e.kind, e.data) for e in found if e.kind.startswith(prefixes)]


def make_delay_world() -> DelayWorld:
    lab, agency = make.lab("aurora"), make.agency("naisa")
    ada = make.person(lab, "ada@aurora.example")
    ben = make.person(lab, "ben@aurora.example", role="approver")
    officer = make.person(agency, "officer@naisa.example", role="officer")
    chief = make.person(agency, "supervisor@naisa.example", role="supervisor")
    make.contact(agency, address="desk@naisa.example")
    make.contact(lab, address="desk@aurora.example")
    return DelayWorld(lab, agency, ada, ben, officer, supervisor=chief)
