"""Says in three sentences how the witnesses stand: what is so, what is due, whose move."""

from datetime import datetime

from incidents.incident.strip import Strip
from incidents.witnessing.vitals import WitnessVitals


def witness_strip(vitals: WitnessVitals, now: datetime, *, of_platform: bool) -> Strip:
    """Return the strip for an administrator of the platform, or for anybody else."""
    if not vitals.active:
        happening = "Nobody but the operator vouches for this record."
        move = "Yours." if of_platform else "The platform's."
        return Strip(happening, "A first witness.", move, is_mine=of_platform)
    if vitals.contradicting and of_platform:
        happening = f"{vitals.contradicting[0]} signed two heads of one size."
        return Strip(happening, "Tell whoever relies on it.", "Yours.", is_mine=True)
    at = vitals.standing.vouched_at
    if at is None:
        return Strip("No head is signed yet.", "A first head.", "The signer's.")
    ago = _spoken((now - at).total_seconds())
    if vitals.is_missed:
        return _missed(vitals, ago, of_platform=of_platform)
    happening = f"A quorum vouched for the log {ago} ago."
    if silent := ", ".join(vitals.failing):
        due = f"A line of {silent}; heads are complete without it."
        return Strip(happening, due, f"Whoever runs {silent}.")
    return Strip(happening, "Nothing.", "Nobody's.", is_calm=True)


def _missed(vitals: WitnessVitals, ago: str, *, of_platform: bool) -> Strip:
    names = ", ".join(vitals.awaited) or "the witnesses on one and the same head"
    happening = f"No quorum has vouched for the log for {ago}."
    move = f"Whoever runs {names}."
    if of_platform:
        move = f"Yours: call whoever runs {names}."
    return Strip(happening, f"A line of {names}.", move, is_mine=of_platform)


def _spoken(seconds: float) -> str:
    """Return a time as people say it.

    >>> _spoken(7), _spoken(400), _spoken(9_000)
    ('7 s', '6 min', '2 h 30 min')
    """
    minutes = int(seconds // 60)
    if minutes < 2:  # noqa: PLR2004  (below it seconds are told)
        return f"{max(int(seconds), 0)} s"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"
