"""Says in three sentences how the witnesses stand: what is so, what is due, whose move."""

from collections.abc import Collection, Sequence
from datetime import datetime

from incidents.incident.strip import Strip
from incidents.witnessing.standing import FRESH
from incidents.witnessing.states import spoken
from incidents.witnessing.vitals import WitnessVitals


def witness_strip(
    vitals: WitnessVitals,
    now: datetime,
    *,
    of_platform: bool,
    own: Collection[str] = (),
) -> Strip:
    """Return the strip for an administrator of the platform, or for anybody else.

    `own` are the witnesses of the reader's organisations: those are theirs to mend.
    """
    if not vitals.active:
        happening = "Nobody but the operator vouches for this record."
        move = "Yours." if of_platform else "The platform's."
        return Strip(happening, "A first witness.", move, is_mine=of_platform)
    at = vitals.standing.vouched_at
    if at is None:
        return Strip("No head is signed yet.", "A first head.", "The signer's.")
    ago = spoken(now - at)
    if vitals.is_missed:
        happening = f"No quorum has vouched for the log for {ago}."
        return _awaiting(happening, vitals.awaited, own, of_platform=of_platform)
    if vitals.contradicting and of_platform:
        happening = f"{vitals.contradicting[0]} signed two heads of one size."
        return Strip(happening, "Tell whoever relies on it.", "Yours.", is_mine=True)
    happening = f"A quorum vouched for the log {ago} ago."
    if not vitals.cosigned_size:
        happening = f"No quorum has vouched for the log yet, for {ago}."
    late = vitals.standing.awaited if now - at > FRESH else tuple(vitals.failing)
    if late:
        return _awaiting(happening, late, own)
    return Strip(happening, "Nothing.", "Nobody's.", is_calm=True)


def _awaiting(
    happening: str,
    names: Sequence[str],
    own: Collection[str],
    *,
    of_platform: bool = False,
) -> Strip:
    listed = ", ".join(names) or "the witnesses on one and the same head"
    due = f"A line of {listed}."
    if mine := [name for name in names if name in own]:
        return Strip(happening, due, f"Yours: look at {mine[0]}.", is_mine=True)
    if of_platform:
        return Strip(
            happening, due, f"Yours: call whoever runs {listed}.", is_mine=True
        )
    return Strip(happening, due, f"Whoever runs {listed}.")
