"""Write an organisation's legal profile; its open incidents are looked at afterwards."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from escalation.lawbook.limits import ENTITY
from escalation.lawbook.models import LegalProfile
from escalation.lawbook.registry import Known, regimes_of
from escalation.lawbook.storing import hold_texts
from escalation.policies.models import Policy
from escalation.regimes.anchors import AnchorError
from escalation.regimes.asking import read_zone
from escalation.regimes.calendars import is_known, known_calendars
from escalation.regimes.regime import Regime
from incidents.errors import BadInput, NotAllowed
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.models import Organisation, OrganisationKind, User
from incidents.timers.schedule import NewTimer, add_timers

PROFILE_CHANGED: Final = "duties.profile_changed"
"""A timer of this kind asks for a look at all open incidents of its organisation."""

_PARTS: Final = ("entity", "zone", "calendar")


@dataclass(frozen=True, slots=True)
class ProfileDraft:
    """What a profile is to say; people by e-mail address, the policy by its slug."""

    regimes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    accountable: str = ""
    deputy: str = ""
    policy: str = ""


def save_profile(
    organisation: Organisation, draft: ProfileDraft, *, actor: Actor, now: datetime
) -> LegalProfile:
    """Write a profile as a whole; the same again changes nothing.

    Raises BadInput, NotAllowed. Locks the texts and the profile.
    """
    if organisation.kind == OrganisationKind.PLATFORM:
        raise NotAllowed("The platform's operator is under no duty to report.")
    with recording(now):
        # Nobody retires a regime between its being found and its being named here.
        hold_texts()
        rows = LegalProfile.objects.select_for_update(no_key=True, of=("self",))
        profile, _ = rows.select_related(
            "accountable", "deputy", "policy"
        ).get_or_create(organisation=organisation, defaults={"changed_at": now})
        wanted = check_profile(organisation, draft)
        changes = changes_of(profile, wanted)
        if not changes:
            return profile
        for name, value in wanted.items():
            setattr(profile, name, value)
        profile.changed_at = now
        profile.save()
        ask_everywhere(organisation, now)
        record(
            "config.changed",
            organisation_id=organisation.pk,
            actor=actor,
            body={"what": "legal profile changed", "changes": changes},
        )
    return profile


def ask_everywhere(organisation: Organisation, now: datetime) -> None:
    """Have the clocks of all open incidents of an organisation looked at, now."""
    timer = NewTimer(PROFILE_CHANGED, organisation.pk, organisation.pk, now)
    add_timers([timer])


def check_profile(organisation: Organisation, draft: ProfileDraft) -> dict[str, Any]:
    """Return the columns of a profile. Raises BadInput with the place."""
    accountable = _member(organisation, draft.accountable, "accountable")
    deputy = _member(organisation, draft.deputy, "deputy")
    if deputy is not None and accountable is None:
        remedy = "Name the accountable person, whose deputy this is."
        raise BadInput("accountable", "", remedy)
    if deputy is not None and deputy == accountable:
        raise BadInput("deputy", draft.deputy, "Name another person as deputy.")
    return {
        "regimes": check_regimes(
            draft.regimes,
            regimes_of(organisation.pk),
            stored_regimes(organisation.slug),
        ),
        "accountable": accountable,
        "deputy": deputy,
        "policy": _policy(organisation, draft.policy),
    }


def stored_regimes(slug: str) -> dict[str, dict[str, str]]:
    """Return the regimes of an organisation's profile as they are stored."""
    rows = LegalProfile.objects.filter(organisation__slug=slug)
    return rows.values_list("regimes", flat=True).first() or {}


def check_regimes(
    regimes: Mapping[str, Any],
    known: Known,
    stored: Mapping[str, dict[str, str]] = MappingProxyType({}),
) -> dict[str, dict[str, str]]:
    """Return the regimes as they are stored, without what is empty. Raises BadInput.

    One that is `stored` already and cannot be read any more stays as it is: leaving it
    out would end its clocks.
    """
    found = {}
    for name, body in sorted(regimes.items()):
        if name not in known and name in stored:
            found[name] = stored[name]
            continue
        if name not in known:
            remedy = f"There is no such regime: use one of {', '.join(known)}."
            raise BadInput("regimes", name, remedy)
        found[name] = _watched(body, known[name].regime, f"regimes.{name}")
    return found


def changes_of(profile: LegalProfile, wanted: Mapping[str, Any]) -> list[str]:
    """Return each difference in words, as the record keeps it."""
    return [
        *_law_changes(profile.regimes, wanted["regimes"]),
        *_others(profile, wanted),
    ]


def _law_changes(
    before: Mapping[str, Any], after: Mapping[str, dict[str, str]]
) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"- {name}"
        elif before.get(name) != after[name]:
            sign = "~" if name in before else "+"
            yield f"{sign} {_line(name, after[name])}"


def _others(profile: LegalProfile, wanted: Mapping[str, Any]) -> Iterator[str]:
    for name in ("accountable", "deputy", "policy"):
        if getattr(profile, name) != wanted[name]:
            yield f"{name}: {wanted[name] or 'nobody'}"


def _watched(body: Any, regime: Regime, where: str) -> dict[str, str]:
    if not isinstance(body, Mapping):
        remedy = f"Write a table of {', '.join(_PARTS)}; it may be empty."
        raise BadInput(where, body, remedy)
    for name, value in body.items():
        if name not in _PARTS:
            raise BadInput(f"{where}.{name}", value, f"Use {', '.join(_PARTS)}.")
        if not isinstance(value, str) or len(value) > ENTITY:
            remedy = f"Write a text of at most {ENTITY} characters."
            raise BadInput(f"{where}.{name}", value, remedy)
    watched = {name: str(body.get(name, "")).strip() for name in _PARTS}
    _check_watched(watched, regime, where)
    return {name: value for name, value in watched.items() if value}


def _check_watched(watched: Mapping[str, str], regime: Regime, where: str) -> None:
    try:
        read_zone(watched["zone"])
    except AnchorError as error:
        raise BadInput(f"{where}.zone", error.value, error.remedy) from error
    calendar, entity = watched["calendar"], watched["entity"]
    if calendar and not is_known(calendar):
        remedy = f"Use one of {', '.join(known_calendars())}."
        raise BadInput(f"{where}.calendar", calendar, remedy)
    kinds = entities_of(regime)
    if entity and entity not in kinds:
        one_of = f"use one of {', '.join(kinds)}, or leave it out" if kinds else ""
        remedy = f"This law knows {one_of or 'no kinds of entity: leave it out'}."
        raise BadInput(f"{where}.entity", entity, remedy)


def entities_of(regime: Regime) -> list[str]:
    """Return the kinds of entity for which a regime counts otherwise."""
    return sorted({stage.relief for stage in regime.stages if stage.relief})


def _member(organisation: Organisation, email: str, place: str) -> User | None:
    if not email:
        return None
    people = User.objects.filter(
        memberships__organisation=organisation,
        memberships__ended_at=None,
        is_active=True,
        email=email.strip().lower(),
    )
    person = people.first()
    if person is None:
        remedy = f"Name somebody who has a role in {organisation}, by e-mail address."
        raise BadInput(place, email, remedy)
    return person


def _policy(organisation: Organisation, slug: str) -> Policy | None:
    if not slug:
        return None
    rows = Policy.objects.filter(organisation=organisation, archived_at=None)
    policy = rows.filter(slug=slug).first()
    if policy is None:
        known = ", ".join(rows.values_list("slug", flat=True)) or "none"
        raise BadInput("policy", slug, f"Name a policy in use; there are: {known}.")
    return policy


def _line(name: str, body: Mapping[str, str]) -> str:
    said = ", ".join(f"{part} {value}" for part, value in body.items())
    return f"{name} ({said})" if said else name
