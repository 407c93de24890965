"""How far the record is sealed and signed, and what stands in the way, for watchers."""

from dataclasses import dataclass
from datetime import datetime

from incidents.events.models import Pending
from incidents.events.pending import SEALER
from incidents.sealing.places import sealed_size
from incidents.sealing.signing import last_signed_size
from incidents.sealing.state import read_state


@dataclass(frozen=True, slots=True)
class SealingVitals:
    """Sizes are numbers of entries. `unsealed_since` is None when none waits."""

    sealed_size: int
    signed_size: int
    unsealed_since: datetime | None
    broken_at: datetime | None
    broken_why: str
    broken_entry: int | None
    refused_why: str

    @property
    def broken(self) -> str:
        """Return what keeps entries from being sealed; empty when nothing does."""
        if not self.broken_why or self.broken_entry is None:
            return self.broken_why
        return f"Entry {self.broken_entry}: {self.broken_why}"


def measure_sealing() -> SealingVitals:
    """Read how far the record is sealed."""
    state = read_state()
    # The oldest by id, which an index gives; a backlog is not read through.
    waiting = Pending.objects.filter(consumer=SEALER).order_by("id")
    return SealingVitals(
        sealed_size=sealed_size(),
        signed_size=last_signed_size(),
        unsealed_since=waiting.values_list("since", flat=True).first(),
        broken_at=state.broken_at,
        broken_why=state.broken_why,
        broken_entry=state.broken_entry_id,
        refused_why=state.refused_why,
    )
