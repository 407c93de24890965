"""Which regimes an organisation watches, where its clocks are read, and who answers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from escalation.lawbook.models import LegalProfile
from escalation.lawbook.registry import Registered
from escalation.regimes.deadlines import Place


@dataclass(frozen=True, slots=True)
class Watched:
    """How an organisation is under a regime; what is empty is as the regime has it."""

    entity: str = ""
    zone: str = ""
    calendar: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """An organisation's duties. The people and the policy may not be named yet."""

    organisation_id: int
    regimes: Mapping[str, Watched] = field(default_factory=lambda: MappingProxyType({}))
    accountable_id: int | None = None
    deputy_id: int | None = None
    policy_id: int | None = None


def profile_of(organisation_id: int) -> Profile:
    """Return an organisation's profile, an empty one where none was written."""
    return profiles_of([organisation_id])[organisation_id]


def profiles_of(organisation_ids: Collection[int]) -> dict[int, Profile]:
    """Return {organisation id: profile} for each, in one statement."""
    found = {pk: Profile(pk) for pk in organisation_ids}
    for row in LegalProfile.objects.filter(organisation__in=organisation_ids):
        found[row.organisation_id] = _read(row)
    return found


def place_of(registered: Registered, watched: Watched) -> Place:
    """Return where a regime's clocks are read for an organisation, and by which holidays.

    A zone that this machine does not know any more gives way to the regime's.
    """
    regime = registered.regime
    return Place(
        zone=_zone(watched.zone) or regime.zone,
        calendar=watched.calendar or regime.calendar,
        entity=watched.entity,
    )


def _read(row: LegalProfile) -> Profile:
    return Profile(
        organisation_id=row.organisation_id,
        regimes=MappingProxyType(
            {name: _watched(body) for name, body in sorted(row.regimes.items())}
        ),
        accountable_id=row.accountable_id,
        deputy_id=row.deputy_id,
        policy_id=row.policy_id,
    )


def _watched(body: Mapping[str, Any]) -> Watched:
    """Return one row of the stored regimes."""
    return Watched(
        entity=body.get("entity", ""),
        zone=body.get("zone", ""),
        calendar=body.get("calendar", ""),
    )


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, KeyError, OSError):
        return None
