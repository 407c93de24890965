from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from escalation.duties.looking import ask_to_look
from escalation.lawbook.registry import regimes_of
from escalation.loop import fire_due
from escalation.models import (
    AnchorValue,
    Decision,
    LegalProfile,
    Notification,
    StatutoryClock,
)
from incidents.events.feed import timeline
from incidents.events.record import recording
from incidents.incident.lifecycle import lock_incidents
from incidents.models import Incident, Organisation, User
from tests import factories as make
from tests.factories import NOW

HOUR = timedelta(hours=1)


@dataclass
class DutyWorld:
    """A lab that is under laws, an agency, and the people who answer for them."""

    lab: Organisation
    agency: Organisation
    accountable: User
    deputy: User
    officer: User
    now: datetime = NOW
    incidents: list[Incident] = field(default_factory=list)

    def watch(self, *regimes: str, **more: object) -> LegalProfile:
        """Put the lab under these laws."""
        values = {
            "regimes": {name: {} for name in regimes},
            "accountable": self.accountable,
            "deputy": self.deputy,
            "changed_at": self.now,
            **more,
        }
        found, _ = LegalProfile.objects.update_or_create(
            organisation=self.lab, defaults=values
        )
        return found

    def open(self) -> Incident:
        made = make.incident(self.lab, now=self.now)
        self.incidents.append(made)
        return made

    def note(
        self,
        incident: Incident,
        name: str,
        at: datetime | None = None,
        *,
        regime: str = "",
        source: str = "the duty officer",
        owner: Organisation | None = None,
    ) -> AnchorValue:
        """Write an instant into a time record, and have the loop look."""
        at = at or self.now
        value = AnchorValue.objects.create(
            incident=incident,
            organisation=owner or self.lab,
            name=name,
            regime_id=regime,
            at=at,
            written=at.isoformat(),
            source=source,
            created_at=self.now,
        )
        self.look(incident, owner)
        return value

    def submit(
        self, incident: Incident, regime: str, stage: str, **more: object
    ) -> AnchorValue:
        """Note that a stage was reported."""
        source = str(more.pop("source", "FIL-1"))
        name = f"submitted:{stage}"
        return self.note(incident, name, regime=regime, source=source, **more)  # type: ignore[arg-type]

    def decide(
        self,
        incident: Incident,
        regime: str,
        verdict: str,
        limbs: Iterable[str] = (),
        *,
        is_confirmed: bool = True,
    ) -> None:
        """Decide under a law, with a second person's confirmation, and look."""
        own = Decision.objects.filter(incident=incident, regime_id=regime)
        own.update(is_current=False)
        Decision.objects.create(
            incident=incident,
            organisation=self.lab,
            regime_id=regime,
            regime_digest=regimes_of(self.lab.pk)[regime].digest,
            verdict=verdict,
            limbs=list(limbs),
            reason="as the counsel says",
            decided_by=self.accountable,
            decided_at=self.now,
            confirmed_by=self.deputy if is_confirmed else None,
            confirmed_at=self.now if is_confirmed else None,
        )
        self.look(incident)

    def look(self, incident: Incident, owner: Organisation | None = None) -> None:
        """Ask for a look and let the loop do it."""
        with recording(self.now):
            lock_incidents([incident.pk])
            ask_to_look(incident.pk, (owner or self.lab).pk, self.now)
        self.run()

    def forward(self, **length: float) -> None:
        """Move time, and let the loop do what is due at the end."""
        self.now += timedelta(**length)
        self.run()

    def run(self) -> None:
        while fire_due(self.now):
            pass

    def clock(self, stage: str, regime: str = "", **more: object) -> StatutoryClock:
        rows = StatutoryClock.objects.filter(stage=stage, **more)
        return rows.get(regime_id=regime) if regime else rows.get()

    def states(self) -> dict[str, str]:
        """Return the state of each current clock by its stage."""
        rows = StatutoryClock.objects.filter(is_current=True).order_by("stage")
        return dict(rows.values_list("stage", "state"))

    def kinds(self, incident: Incident) -> list[str]:
        """Return the kinds of the clocks' entries that the lab sees, oldest first."""
        entries = timeline(incident, [self.lab.pk])
        return [e.kind for e in entries if e.kind.startswith(("clock.", "decision."))]

    def told(self, *, purpose: str = "") -> list[str]:
        """Return who was told, in order."""
        rows = Notification.objects.order_by("pk")
        rows = rows.filter(purpose=purpose) if purpose else rows
        return list(rows.values_list("address", flat=True))


@pytest.fixture
def world(db: None) -> DutyWorld:
    lab, agency = make.lab("aurora"), make.agency("naisa")
    ada, ben = (make.person(lab, f"{name}@aurora.example") for name in ("ada", "ben"))
    officer = make.person(agency, "officer@naisa.example", role="officer")
    for user in (ada, ben):
        make.contact(lab, user)
    make.contact(agency, officer)
    make.contact(lab, address="desk@aurora.example")
    return DutyWorld(lab, agency, ada, ben, officer)
