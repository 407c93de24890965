"""Says which witnesses make a quorum for our log: one of each side that has any.

It is what this installation waits for, and a convenience for others. Who verifies holds
a policy of their own, from elsewhere.
"""

from incidents.ledger.policy import (
    NO_QUORUM,
    Policy,
    PolicyGroup,
    PolicyLog,
    PolicyWitness,
)
from incidents.ledger.signer_client import SignerUnavailable
from incidents.ledger.vkey import BadKey, parse_vkey
from incidents.organisations.models import OrganisationKind
from incidents.sealing.asking import configured_signer
from incidents.witnessing.models import Witness

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
    rows = Witness.objects.filter(is_active=True).select_related("organisation")
    witnesses = list(rows.order_by("slug"))
    groups = tuple(
        PolicyGroup(name, 1, members)
        for kind, name in SIDES
        if (members := tuple(one.slug for one in witnesses if _side(one) == kind))
    )
    # Bodies outside help where no party has a witness; they never stand for a party.
    needed = [one for one in groups if one.name != "others"] or list(groups)
    quorum = needed[0].name if needed else NO_QUORUM
    if len(needed) > 1:
        groups = (*groups, PolicyGroup(BOTH, 2, tuple(one.name for one in needed)))
        quorum = BOTH
    return Policy(
        logs=_logs(),
        witnesses=tuple(
            # Without addresses: where a lab's machine stands is not everybody's.
            PolicyWitness(one.slug, parse_vkey(one.vkey))
            for one in witnesses
        ),
        groups=groups,
        quorum=quorum,
    )


def _side(witness: Witness) -> str | None:
    return witness.organisation.kind if witness.organisation else None


def _logs() -> tuple[PolicyLog, ...]:
    try:
        signer = configured_signer()
    except (SignerUnavailable, BadKey):
        return ()
    return tuple(PolicyLog(key) for key in signer.keys) if signer else ()
