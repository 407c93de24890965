"""Says which witnesses make a quorum for our log, as a trust policy.

While the platform has set none it is computed: one of each side that has any. It is what
this installation waits for, and a convenience for others. Who verifies holds a policy of
their own, from elsewhere.
"""

from collections.abc import Sequence

from incidents.ledger.policy import (
    NO_QUORUM,
    Policy,
    PolicyGroup,
    PolicyLog,
    PolicyWitness,
)
from incidents.ledger.quorum import COMPUTED, GroupDraft, QuorumDraft, arrange
from incidents.ledger.signer_client import SignerUnavailable
from incidents.ledger.vkey import BadKey, VerificationKey, parse_vkey
from incidents.organisations.models import OrganisationKind
from incidents.sealing.asking import configured_signer
from incidents.witnessing.models import Witness, WitnessQuorum

SIDES = (
    (OrganisationKind.AGENCY, "agencies"),
    (OrganisationKind.LAB, "labs"),
    (None, "others"),
)
BOTH = "sides"
GROUP_NAMES = frozenset({BOTH, *(name for _, name in SIDES)})


def own_policy() -> Policy:
    """Return the policy of our log, from the witnesses that are active.

    Without the signer's public keys it names no log.
    """
    return policy_with(standing_quorum(), cosigners(), logs=_logs())


def policy_with(
    draft: QuorumDraft | None,
    witnesses: Sequence[Witness],
    *,
    logs: Sequence[PolicyLog] = (),
) -> Policy:
    """Return the policy with this quorum, or the computed one. Raises BadQuorum."""
    if draft is None:
        groups, quorum = _computed(witnesses)
    else:
        groups = arrange(draft, {one.slug for one in witnesses})
        quorum = draft.quorum
    return Policy(
        logs=tuple(logs),
        witnesses=tuple(
            # Without addresses: where a lab's machine stands is not everybody's.
            PolicyWitness(one.slug, parse_vkey(one.vkey))
            for one in witnesses
        ),
        groups=groups,
        quorum=quorum,
    )


def cosigners() -> list[Witness]:
    """Return the active witnesses, by name, with whose they are."""
    rows = Witness.objects.filter(is_active=True).select_related("organisation")
    return list(rows.order_by("slug"))


def witness_keys() -> list[VerificationKey]:
    """Return the keys of all witnesses that there ever were: they cosigned old heads."""
    return [parse_vkey(vkey) for vkey in Witness.objects.values_list("vkey", flat=True)]


def standing_quorum() -> QuorumDraft | None:
    """Return the quorum that the platform has set; None while it is computed."""
    return quorum_of(WitnessQuorum.objects.first())


def quorum_of(row: WitnessQuorum | None) -> QuorumDraft | None:
    """Return the quorum that a row says; None for the computed one."""
    if row is None or row.quorum == COMPUTED:
        return None
    groups = (
        GroupDraft(one["name"], one["needs"], tuple(one["members"]))
        for one in row.groups
    )
    return QuorumDraft(row.quorum, tuple(groups))


def _computed(witnesses: Sequence[Witness]) -> tuple[tuple[PolicyGroup, ...], str]:
    groups = tuple(
        PolicyGroup(name, 1, members)
        for kind, name in SIDES
        if (members := tuple(one.slug for one in witnesses if side_of(one) == kind))
    )
    # Bodies outside help where no party has a witness; they never stand for a party.
    needed = [one for one in groups if one.name != "others"] or list(groups)
    if len(needed) > 1:
        both = PolicyGroup(BOTH, 2, tuple(one.name for one in needed))
        return (*groups, both), BOTH
    return groups, needed[0].name if needed else NO_QUORUM


def side_of(witness: Witness) -> str | None:
    """Return the kind of organisation whose it is; None for no party."""
    return witness.organisation.kind if witness.organisation else None


def _logs() -> tuple[PolicyLog, ...]:
    try:
        signer = configured_signer()
    except (SignerUnavailable, BadKey):
        return ()
    return tuple(PolicyLog(key) for key in signer.keys) if signer else ()
