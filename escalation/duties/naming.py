"""Name clocks in words: the law, the report, and where the law says so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from escalation.duties.models import StatutoryClock
from escalation.duties.requests import NAME, is_request
from escalation.lawbook.registry import Named, Registered, texts_of_many
from escalation.regimes.regime import Regime, Stage


@dataclass(frozen=True, slots=True)
class Names:
    """The texts of the laws by which some clocks run."""

    texts: Mapping[Named, Registered]

    @classmethod
    def load(cls, clocks: Iterable[StatutoryClock]) -> "Names":
        """Read the texts of these clocks, in one statement at most."""
        return cls(texts_of_many(named(clock) for clock in clocks))

    def regime_of(self, clock: StatutoryClock) -> Regime | None:
        """Return the law as it read when the clock took its text."""
        found = self.texts.get(named(clock))
        return found.regime if found else None

    def stage_of(self, clock: StatutoryClock) -> Stage | None:
        """Return the stage as that text has it."""
        regime = self.regime_of(clock)
        return regime.stage(clock.stage) if regime else None

    def name_of(self, clock: StatutoryClock) -> str:
        """Return law and report in words, with the round of one that comes again."""
        regime, stage = self.regime_of(clock), self.stage_of(clock)
        law = regime.name if regime else clock.regime_id
        if is_request(clock.stage):
            return f"{law}: {NAME}"
        what = stage.name if stage else clock.stage
        again = f", no. {clock.round}" if clock.round > 1 else ""
        return f"{law}: {what}{again}"


def named(clock: StatutoryClock) -> Named:
    """Return which text a clock runs by."""
    return clock.organisation_id, clock.regime_id, clock.regime_digest
