"""The instants of a time record in plain words. Free of Django."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from escalation.regimes.reading import ANCHORS
from escalation.regimes.regime import SUBMITTED

OCCURRED: Final = "occurred"
"""When it happened: no law counts from it, but nobody knew before."""

# In the order in which they mostly come.
WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        OCCURRED: ("It happened", "No law counts from it."),
        "discovered": ("Discovered", "Somebody here, or a tool, first noticed it."),
        "aware": (
            "Became aware",
            "Those who must act on it knew, with reasonable certainty.",
        ),
        "model_involvement_aware": (
            "Aware that a model was involved",
            "Known, or to be presumed, that a model of ours had a part in it.",
        ),
        "reasonable_belief": (
            "Reasonable belief",
            "There was enough to believe that it is what the law describes.",
        ),
        "determined": ("Determined", "It was concluded that the law applies to it."),
        "imminent_risk_discovered": (
            "Imminent risk discovered",
            "Known that somebody may die or be hurt soon.",
        ),
        "causal_link": (
            "Causal link established",
            "A link between the system and the harm, or its likelihood, was found.",
        ),
        "material": ("Found material", "It was determined to matter to investors."),
        "classified_major": (
            "Classified as major",
            "It met the criteria of a major incident.",
        ),
        "ransom_paid": ("Ransom paid", "By us or for us."),
        "fix_available": ("Fix available", "A corrective measure could be had."),
        "authority_request": ("An authority asked", "Each request is one of its own."),
        "handled": ("Handled", "The incident itself was over."),
        "resolved": ("Resolved", "It was closed here."),
        "reopened": ("Reopened", "It was opened again here."),
    }
)
NAMES: Final = ANCHORS | {OCCURRED}

# These can come about more than once: each of them counts, and nobody chooses.
REPEATED: Final = frozenset({"authority_request", "handled", "resolved", "reopened"})


def is_repeated(name: str) -> bool:
    """Tell whether every instant of this name counts, not one of several candidates."""
    return name in REPEATED or name.startswith(SUBMITTED)


def words_of(name: str) -> str:
    """Return what an instant is called.

    >>> words_of("aware"), words_of("submitted:early_warning")
    ('Became aware', 'Submitted: early warning')
    """
    if name.startswith(SUBMITTED):
        return f"Submitted: {name.removeprefix(SUBMITTED).replace('_', ' ')}"
    return WORDS[name][0] if name in WORDS else name
