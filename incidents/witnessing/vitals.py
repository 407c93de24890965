"""How far others have cosigned the log, for watchers."""

from dataclasses import dataclass
from datetime import datetime

from incidents.sealing.models import Cosigned
from incidents.witnessing.models import WatchedLog, Witness

NOBODY = "none: only the operator vouches for the record"


@dataclass(frozen=True, slots=True)
class WitnessVitals:
    """`cosigned_size` is that of the newest head with a quorum; 0 for none."""

    active: tuple[str, ...]
    failing: dict[str, str]
    cosigned_size: int
    quorum_at: datetime | None
    contradicting: tuple[str, ...]

    @property
    def standing(self) -> str:
        """Say in a line who vouches for the record beside its operator."""
        return ", ".join(self.active) or NOBODY


def measure_witnesses() -> WitnessVitals:
    """Read who witnesses, and which watched logs signed two heads of one size."""
    rows = list(Witness.objects.filter(is_active=True).order_by("slug"))
    quorums = Cosigned.objects.filter(quorum_at__isnull=False)
    newest = quorums.order_by("-size", "-which").first()
    contradicting = WatchedLog.objects.exclude(refused_note="").order_by("origin")
    return WitnessVitals(
        active=tuple(row.slug for row in rows),
        failing={row.slug: row.failed_why for row in rows if row.failed_why},
        cosigned_size=newest.size if newest else 0,
        quorum_at=newest.quorum_at if newest else None,
        contradicting=tuple(contradicting.values_list("origin", flat=True)),
    )
