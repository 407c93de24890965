"""Which instants count under which regime, from the candidates that stand."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from escalation.duties.anchor_words import is_repeated
from escalation.duties.looking import Place
from escalation.duties.models import AnchorChoice, AnchorValue
from escalation.regimes.deadlines import Anchors


@dataclass(frozen=True, slots=True)
class TimeRecord:
    """What one organisation knows of when things happened on one incident.

    `values` are the candidates that stand, the earliest first; `choices` are those that
    count because somebody said so, by (regime id, name).
    """

    values: tuple[AnchorValue, ...] = ()
    choices: Mapping[tuple[str, str], AnchorChoice] = field(default_factory=dict)

    def under(self, regime_id: str) -> dict[str, list[datetime]]:
        """Return the instants that count under a regime, as `deadline` takes them."""
        counting = self.counting(regime_id)
        return {name: [value.at for value in found] for name, found in counting.items()}

    def counting(self, regime_id: str) -> dict[str, list[AnchorValue]]:
        """Return the candidates that count: the chosen one, else the earliest.

        What can come about more than once counts as often as it did.
        """
        by_name: dict[str, list[AnchorValue]] = {}
        for value in self.values:
            if value.regime_id in ("", regime_id):
                by_name.setdefault(value.name, []).append(value)
        return {
            name: found if is_repeated(name) else [self._one(regime_id, found)]
            for name, found in by_name.items()
        }

    def _one(self, regime_id: str, found: list[AnchorValue]) -> AnchorValue:
        choice = self.choices.get((regime_id, found[0].name))
        chosen = [value for value in found if choice and value.pk == choice.value_id]
        return chosen[0] if chosen else found[0]


def anchors_for(
    incident_id: int, organisation_id: int, regime_ids: Iterable[str]
) -> dict[str, Anchors]:
    """Return {regime id: {name: [instants]}} for one organisation on one incident."""
    record = record_of(incident_id, organisation_id)
    return {regime_id: record.under(regime_id) for regime_id in regime_ids}


def record_of(incident_id: int, organisation_id: int) -> TimeRecord:
    """Return one organisation's time record of an incident, empty if it has none."""
    found = anchors_of_many([incident_id])
    return found.get((incident_id, organisation_id), TimeRecord())


def anchors_of_many(incident_ids: Collection[int]) -> dict[Place, TimeRecord]:
    """Return the time record of each organisation that has one, in two statements."""
    standing = AnchorValue.objects.filter(
        incident__in=incident_ids, withdrawn_at=None
    ).order_by("at", "id")
    values: dict[Place, list[AnchorValue]] = {}
    for value in standing:
        place = value.incident_id, value.organisation_id
        values.setdefault(place, []).append(value)
    current = AnchorChoice.objects.filter(incident__in=incident_ids, is_current=True)
    choices: dict[Place, dict[tuple[str, str], AnchorChoice]] = {}
    for choice in current.select_related("author") if values else ():
        place = choice.incident_id, choice.organisation_id
        choices.setdefault(place, {})[choice.regime_id, choice.name] = choice
    return {
        place: TimeRecord(tuple(found), choices.get(place, {}))
        for place, found in values.items()
    }
