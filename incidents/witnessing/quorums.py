"""Set the quorum that makes heads of our log complete: the platform's administrators do.

What was complete under an earlier quorum stays complete.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.ledger.policy import NO_QUORUM, Policy
from incidents.ledger.quorum import (
    COMPUTED,
    BadQuorum,
    Place,
    QuorumDraft,
    can_do_without,
    is_met_by,
    uncounted,
)
from incidents.organisations.models import OrganisationKind
from incidents.sealing.log_events import record_log_event
from incidents.witnessing.cosigning import complete_standing_heads
from incidents.witnessing.models import Witness, WitnessQuorum
from incidents.witnessing.own_policy import cosigners, policy_with, side_of

ALARM_MINUTES: Final = 10
MAX_ALARM_MINUTES: Final = 10_080
_PARTIES: Final = (
    (OrganisationKind.AGENCY, "agency"),
    (OrganisationKind.LAB, "lab"),
)


@dataclass(frozen=True, slots=True)
class QuorumSetting:
    """What is to be set. Without a draft the quorum is computed."""

    draft: QuorumDraft | None
    alarm_minutes: int = ALARM_MINUTES


def alarm_minutes() -> int:
    """Return for how long heads may lack a quorum before the operator is told."""
    row = WitnessQuorum.objects.first()
    return row.alarm_minutes if row else ALARM_MINUTES


def check_quorum(draft: QuorumDraft | None, witnesses: Sequence[Witness]) -> Policy:
    """Return the policy with this quorum of these witnesses. Raises BadInput."""
    try:
        policy = policy_with(draft, witnesses)
    except BadQuorum as error:
        raise BadInput(field_name(error.place), error.value, error.remedy) from None
    own = {one.slug for one in witnesses if side_of(one) == OrganisationKind.PLATFORM}
    if own and policy.quorum != NO_QUORUM and is_met_by(policy, own):
        remedy = "The operator's own witnesses alone would complete it: no witness at all. Add others."
        raise BadInput("quorum", policy.quorum, remedy)
    return policy


def field_name(place: Place) -> str:
    """Return where something stands, as the API names it: groups[0].members."""
    parts = (f"[{one}]" if isinstance(one, int) else f".{one}" for one in place)
    return "".join(parts).removeprefix(".")


def check_alarm(minutes: int) -> None:
    """Raise BadInput for a time after which nobody could be told."""
    if not 1 <= minutes <= MAX_ALARM_MINUTES:
        remedy = f"Send a whole number of minutes from 1 to {MAX_ALARM_MINUTES}."
        raise BadInput("alarm_minutes", minutes, remedy)


def set_quorum(setting: QuorumSetting, *, actor: Actor, now: datetime) -> WitnessQuorum:
    """Have heads wait for this quorum from now on. Raises BadInput.

    The same once more changes nothing. Locks the witnesses, so that none ends meanwhile.
    """
    check_alarm(setting.alarm_minutes)
    values = _values(setting)
    with transaction.atomic():
        list(Witness.objects.select_for_update().order_by("pk").values_list("pk"))
        check_quorum(setting.draft, cosigners())
        standing = WitnessQuorum.objects.first()
        if standing and all(getattr(standing, n) == v for n, v in values.items()):
            return standing
        row = WitnessQuorum.objects.create(**values, set_at=now)
        transaction.on_commit(complete_standing_heads, robust=True)
        fields = {**values, "actor": actor.for_other_side()}
        record_log_event("log.quorum_changed", fields, now)
    return row


def _values(setting: QuorumSetting) -> dict[str, Any]:
    draft = setting.draft
    return {
        "quorum": draft.quorum if draft else COMPUTED,
        "groups": [
            {"name": one.name, "needs": one.needs, "members": list(one.members)}
            for one in (draft.groups if draft else ())
        ],
        "alarm_minutes": setting.alarm_minutes,
    }


def quorum_warnings(policy: Policy, witnesses: Sequence[Witness]) -> list[str]:
    """Say what a quorum lets happen that one might not want; it is set all the same."""
    if policy.quorum == NO_QUORUM:
        return []
    said = []
    for kind, name in _PARTIES:
        own = {one.slug for one in witnesses if side_of(one) == kind}
        if own and can_do_without(policy, own):
            said.append(
                f"Heads can be complete without any {name}'s witness:"
                f" {_listed(own)} can be left out."
            )
    if idle := uncounted(policy):
        said.append(f"No part of the quorum: {_listed(idle)}.")
    return said


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
