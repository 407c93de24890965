"""An incident of a lab that an agency sees too, in a log that this process signs."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from incidents.events.actor import Actor
from incidents.evidence.audiences import chosen_audience
from incidents.evidence.building import build_next
from incidents.evidence.models import EvidenceBundle
from incidents.evidence.requesting import Wanted, request_bundle
from incidents.incident.lifecycle import acknowledge, comment
from incidents.incident.models import AcknowledgedVia
from incidents.incident.shares import share
from incidents.ledger.policy import Policy, PolicyLog
from incidents.models import Incident, Organisation, User
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import sign_heads
from tests.factories import NOW, agency, incident, lab, person
from tests.incidents.sealing.log import LocalSigner

RECIPIENT = "Court of Somewhere"


@dataclass
class Scene:
    """The incident, its people, and the hands of sealer and signer."""

    lab: Organisation = field(default_factory=lambda: lab("aurora"))
    agency: Organisation = field(default_factory=lambda: agency("naisa"))
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.person: User = person(self.lab)
        self.officer: User = person(self.agency, role="officer")
        self.incident: Incident = incident(self.lab, title="Weights copied")
        self.signer = LocalSigner()
        self.policy = Policy((PolicyLog(self.signer.key.public),), (), (), "none")

    def happen(self, text: str, *, is_shared: bool = False, **more: Any) -> None:
        comment(
            self.incident,
            text=text,
            is_shared=is_shared,
            organisation=self.lab,
            user=self.person,
            actor=Actor.of(self.person, self.lab, role="responder"),
            now=self.now,
            **more,
        )

    def share(self) -> None:
        actor = Actor.of(self.person, self.lab)
        share(
            self.incident,
            agency=self.agency,
            reason="they ask",
            user=self.person,
            actor=actor,
            now=self.now,
        )

    def acknowledge(self) -> None:
        acknowledge(
            self.incident,
            organisation=self.lab,
            user=self.person,
            via=AcknowledgedVia.PAGE,
            actor=Actor.of(self.person, self.lab),
            now=self.now,
        )

    def seal(self) -> None:
        """Seal what waits, and sign it."""
        seal_batch(self.now)
        sign_heads(self.signer.as_signer(), self.now)

    def ask(
        self,
        *,
        audience: str = "own",
        organisation: Organisation | None = None,
        **more: Any,
    ) -> EvidenceBundle:
        side = organisation or self.lab
        stream = chosen_audience(self.incident, side, audience).stream
        wanted = Wanted(stream, more.pop("recipient", RECIPIENT), **more)
        user = self.person if side == self.lab else self.officer
        return request_bundle(
            self.incident, wanted, organisation=side, user=user, now=self.now
        )

    def build(self, row: EvidenceBundle) -> EvidenceBundle:
        """Have it built, with the log sealing and signing in between."""
        for _ in range(3):
            self.seal()
            self.pass_on()
        row.refresh_from_db()
        return row

    def pass_on(self) -> None:
        """Have the builder look at everything once, a little later."""
        self.now += timedelta(seconds=2)
        build_next(lambda: self.now)
