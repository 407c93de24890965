"""Find the text of the law that a filing goes by."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from escalation.duties.models import StatutoryClock
from escalation.duties.requests import STAGE
from escalation.lawbook.registry import regime_of, regimes_of
from escalation.regimes.regime import Regime, Stage
from incidents.errors import BadInput
from incidents.models import Incident

_KEPT: Final = 1024


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


def laws_for(organisation_id: int) -> Mapping[str, Law]:
    """Return {regime id: law} of what an organisation may file under, current texts."""
    return {
        regime_id: Law(registered.regime, registered.digest)
        for regime_id, registered in regimes_of(organisation_id).items()
    }


@lru_cache(maxsize=_KEPT)
def law_of(organisation_id: int, regime_id: str, digest: str) -> Law:
    """Return the law of this text, also a former one; a text never changes.

    Raises KeyError.
    """
    registered = regime_of(organisation_id, regime_id, digest)
    return Law(registered.regime, registered.digest)


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
