"""What a merge leaves for clocks: whose duties went along, and what was found reportable."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from escalation.duties.looking import Place
from escalation.duties.models import AnchorValue, Decision, Verdict
from incidents.models import Incident


@dataclass(frozen=True, slots=True)
class MergedYes:
    """That two people found it reportable on an incident that was merged into this one."""

    merged_at: datetime
    limbs: frozenset[str]

    def is_newer_than(self, decision: Decision | None) -> bool:
        """Tell whether those who decided here did not have it before them."""
        if decision is None or decision.confirmed_at is None:
            return True
        return decision.confirmed_at <= self.merged_at


@dataclass(frozen=True, slots=True)
class Merges:
    """What merges have left at some incidents.

    `followed` are places of incidents into which others were merged that have a time
    record; `yes` is by place and law, of the incident that goes on.
    """

    followed: frozenset[Place]
    yes: Mapping[Place, Mapping[str, MergedYes]]

    @classmethod
    def load(cls, incidents: Mapping[int, Incident]) -> "Merges":
        """Read it, in two statements at most."""
        return cls(_followed(incidents), _yes(incidents))

    def took_along(self, incident: Incident, organisation_id: int) -> bool:
        """Tell whether an organisation's duties on a merged incident go on at the other.

        They do for its owner, and for an agency that saw the other one then.
        """
        is_owner = incident.organisation_id == organisation_id
        place = incident.merged_into_id, organisation_id
        return is_owner or place in self.followed

    def yes_of(
        self, place: Place, regime_id: str, decision: Decision | None
    ) -> frozenset[str] | None:
        """Return the limbs of a *yes* that a decision here does not know of; None of none."""
        found = self.yes.get(place, {}).get(regime_id)
        is_news = found is not None and found.is_newer_than(decision)
        return found.limbs if found and is_news else None


def _followed(incidents: Mapping[int, Incident]) -> frozenset[Place]:
    others = {one.merged_into_id for one in incidents.values() if one.merged_into_id}
    if not others:
        return frozenset()
    rows = AnchorValue.objects.filter(incident__in=others, withdrawn_at=None)
    places = rows.order_by().values_list("incident_id", "organisation_id")
    return frozenset(places.distinct())


def _yes(incidents: Mapping[int, Incident]) -> dict[Place, dict[str, MergedYes]]:
    rows = Decision.objects.filter(
        incident__merged_into__in=incidents, confirmed_at__isnull=False
    )
    # Of each incident the decision that was in force when it was merged.
    last = {
        (row.incident_id, row.organisation_id, row.regime_id): row
        for row in rows.select_related("incident").order_by("pk")
    }
    found: dict[Place, dict[str, MergedYes]] = {}
    for row in last.values():
        into, merged_at = row.incident.merged_into_id, row.incident.resolved_at
        if row.verdict == Verdict.REPORTABLE and into and merged_at:
            laws = found.setdefault((into, row.organisation_id), {})
            former = laws.get(row.regime_id)
            limbs = frozenset(row.limbs) | (former.limbs if former else frozenset())
            latest = max(merged_at, former.merged_at) if former else merged_at
            laws[row.regime_id] = MergedYes(latest, limbs)
    return found
