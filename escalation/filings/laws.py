"""Find the text of the law that a filing goes by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from escalation.duties.models import StatutoryClock
from escalation.duties.requests import STAGE
from escalation.lawbook.registry import regime_of, regimes_of
from escalation.regimes.regime import Basis, Regime, Stage, Status
from incidents.errors import BadInput
from incidents.models import Incident

_KEPT: Final = 1024
_UNREADABLE: Final = "its text cannot be read"


@dataclass(frozen=True, slots=True)
class Law:
    """One version of a regime's text."""

    regime: Regime
    digest: str

    def stage(self, stage_id: str) -> Stage:
        """Return a stage. Raises BadInput."""
        found = self.regime.stage(stage_id)
        if found is None:
            known = ", ".join(stage.id for stage in self.regime.stages) or "none"
            raise BadInput("stage", stage_id, f"Use one of {known}.")
        return found


@dataclass(frozen=True, slots=True)
class UnreadableLaw(Law):
    """Stands for a stored text that the reader does not take any more."""

    def stage(self, stage_id: str) -> Stage:
        """Return what is known of a stage: its id."""
        return Stage(
            id=stage_id,
            name=stage_id.replace("_", " "),
            trigger="",
            recipient="",
            citation=_UNREADABLE,
            basis=Basis.RECALLED,
        )


def laws_for(organisation_id: int) -> Mapping[str, Law]:
    """Return {regime id: law} of what an organisation may file under, current texts."""
    return {
        regime_id: Law(registered.regime, registered.digest)
        for regime_id, registered in regimes_of(organisation_id).items()
    }


def law_of(organisation_id: int, regime_id: str, digest: str) -> Law:
    """Return the law of this text, also a former one.

    In place of one that cannot be read stands one that knows its id alone: what was
    filed under it is still shown, and what is under way can still go out.
    """
    try:
        return _law_of(organisation_id, regime_id, digest)
    except KeyError:
        return UnreadableLaw(_stand_in(regime_id), digest)


@lru_cache(maxsize=_KEPT)
def _law_of(organisation_id: int, regime_id: str, digest: str) -> Law:
    """Return it, and keep it: a text never changes. Raises KeyError."""
    registered = regime_of(organisation_id, regime_id, digest)
    return Law(registered.regime, registered.digest)


def _stand_in(regime_id: str) -> Regime:
    return Regime(
        id=regime_id,
        name=regime_id,
        jurisdiction="",
        act=regime_id,
        article=_UNREADABLE,
        source_url="",
        verified_on=date.min,
        basis=Basis.RECALLED,
        status=Status.PENDING,
        zone=ZoneInfo("UTC"),
        calendar="",
        scope=_UNREADABLE,
        confidentiality=_UNREADABLE,
        retention="",
    )


def law_on(incident: Incident, organisation_id: int, regime_id: str) -> Law:
    """Return the text that the incident's clocks of this regime started with.

    Without a clock it is the current one. Raises BadInput.
    """
    clocks = StatutoryClock.objects.filter(
        incident=incident,
        organisation=organisation_id,
        regime_id=regime_id,
        is_current=True,
    )
    # The text of a request is that of the filing that it is about, whatever came since.
    clock = clocks.exclude(stage__startswith=STAGE).first()
    if clock is not None:
        return law_of(organisation_id, regime_id, clock.regime_digest)
    laws = laws_for(organisation_id)
    if regime_id not in laws:
        raise BadInput("regime", regime_id, f"Use one of {', '.join(laws)}.")
    return laws[regime_id]
