"""Ask what names a schedule; policies stand above this slice.

Whoever knows registers the answer in ready().
"""

from collections.abc import Callable, Sequence

# (organisation id, slug of a schedule) -> names of what would reach nobody without it
Uses = Callable[[int, str], Sequence[str]]

_uses: dict[str, Uses] = {}


def register_uses(kind: str, uses: Uses) -> None:
    """Have `uses_of` ask this too; a kind is registered once."""
    _uses[kind] = uses


def uses_of(organisation_id: int, slug: str) -> dict[str, list[str]]:
    """Return {kind in the plural: names} of what names the schedule."""
    found = {kind: list(uses(organisation_id, slug)) for kind, uses in _uses.items()}
    return {kind: names for kind, names in found.items() if names}
