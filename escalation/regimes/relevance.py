"""Which stages of a regime are in question on an incident, by the limbs that are met."""

from collections.abc import Set as AbstractSet

from escalation.regimes.regime import Regime, Stage


def stages_in_question(
    regime: Regime,
    *,
    met: AbstractSet[str],
    ruled_out: AbstractSet[str],
    is_decided: bool,
) -> tuple[Stage, ...]:
    """Return the stages that may be due, the authority's included, in the law's order.

    `met` and `ruled_out` are ids of limbs. Decided, that is to be reported: the stages
    of a limb that is met. Undecided: all but those of which every limb is ruled out; a
    stage without limbs of its own stays until people have decided. A decision that
    names no limb of the regime counts as undecided, so that no stage is lost by it.
    """
    names_a_limb = any(limb.id in met for limb in regime.limbs)
    if is_decided and names_a_limb:
        return tuple(stage for stage in regime.stages if _is_met(stage, met))
    return tuple(stage for stage in regime.stages if _is_open(stage, ruled_out))


def _is_met(stage: Stage, met: AbstractSet[str]) -> bool:
    return not stage.limbs or any(limb in met for limb in stage.limbs)


def _is_open(stage: Stage, ruled_out: AbstractSet[str]) -> bool:
    return not stage.limbs or not all(limb in ruled_out for limb in stage.limbs)
