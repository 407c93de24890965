"""How far others have cosigned the log, for watchers."""

from dataclasses import dataclass
from datetime import datetime

from incidents.sealing.names import cosigned_heads
from incidents.witnessing.models import WatchedLog, Witness
from incidents.witnessing.quorums import alarm_minutes
from incidents.witnessing.standing import QuorumStanding, read_standing

NOBODY = "none: only the operator vouches for the record"


@dataclass(frozen=True, slots=True)
class WitnessVitals:
    """`cosigned_size` is that of the newest head with a quorum; 0 for none.

    `is_missed` when no quorum has vouched for over `alarm_minutes`.
    """

    active: tuple[str, ...]
    failing: dict[str, str]
    cosigned_size: int
    quorum_at: datetime | None
    contradicting: tuple[str, ...]
    standing: QuorumStanding
    alarm_minutes: int
    is_missed: bool

    @property
    def awaited(self) -> tuple[str, ...]:
        """Return whose line would end a time without a quorum; nobody's outside of one."""
        return self.standing.awaited if self.is_missed else ()

    @property
    def who_vouches(self) -> str:
        """Say in a line who vouches for the record beside its operator."""
        return ", ".join(self.active) or NOBODY


def measure_witnesses(now: datetime) -> WitnessVitals:
    """Read who witnesses, how fresh their word is, and which watched logs lied."""
    rows = list(Witness.objects.filter(is_active=True).order_by("slug"))
    newest = cosigned_heads().order_by("-size", "-which").first()
    standing, minutes = read_standing(now), alarm_minutes()
    contradicting = WatchedLog.objects.exclude(refused_note="").order_by("origin")
    return WitnessVitals(
        active=tuple(row.slug for row in rows),
        failing={row.slug: row.failed_why for row in rows if row.failed_why},
        cosigned_size=newest.size if newest else 0,
        quorum_at=newest.quorum_at if newest else None,
        contradicting=tuple(contradicting.values_list("origin", flat=True)),
        standing=standing,
        alarm_minutes=minutes,
        is_missed=standing.is_missed(now, minutes=minutes),
    )
