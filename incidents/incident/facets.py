"""Ask what a category does not say about an incident.

Source: own proposal. The values of *determination* and *recoverability* follow the
STIX 2.1 incident extension, *capability* and *vector* RAND RRA2849-1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

FacetKind = Literal["one", "many", "text"]
MAX_TEXT = 500
MAX_VALUES = 40


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a facet's question."""

    value: str
    name: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Facet:
    """One question about an incident that its category does not answer."""

    key: str
    name: str
    meaning: str
    kind: FacetKind
    choices: tuple[Choice, ...] = ()


class FacetError(ValueError):
    """A facet or its value is not known. The message names field, value and remedy."""


_TRISTATE = (
    Choice("yes", "Yes"),
    Choice("no", "No"),
    Choice("unknown", "Not known yet"),
)

FACETS: tuple[Facet, ...] = (
    Facet(
        "determination",
        "How sure are we?",
        "Whether this really happened.",
        "one",
        (
            Choice("suspected", "Suspected", "There are signs, no proof."),
            Choice("confirmed", "Confirmed", "It happened."),
            Choice("blocked", "Blocked", "It was tried and a control stopped it."),
            Choice(
                "failed-attempt", "Failed attempt", "It was tried and did not work."
            ),
            Choice("false-positive", "False alarm", "It did not happen."),
        ),
    ),
    Facet(
        "outcome",
        "What came of it?",
        "How close it came to harm.",
        "one",
        (
            Choice("hazard", "Hazard", "It could have led to harm."),
            Choice("near-miss", "Near miss", "Harm was avoided by luck or late."),
            Choice("incident", "Incident", "Harm was done."),
        ),
    ),
    Facet(
        "actor",
        "Who did it?",
        "Who set it off.",
        "one",
        (
            Choice("human", "People"),
            Choice("ai", "A model by itself"),
            Choice("both", "Both"),
            Choice("unknown", "Not known yet"),
        ),
    ),
    Facet(
        "intent",
        "On purpose?",
        "Whether whoever did it meant to.",
        "one",
        (
            Choice("intentional", "On purpose"),
            Choice("unintentional", "By accident"),
            Choice("unknown", "Not known yet"),
        ),
    ),
    Facet(
        "timing",
        "When in the model's life?",
        "The stage the model was in.",
        "one",
        (
            Choice("training", "In training"),
            Choice("evaluation", "Under evaluation"),
            Choice("internal-use", "Used inside the lab"),
            Choice("deployed", "Deployed"),
            Choice("post-retirement", "After retirement"),
        ),
    ),
    Facet(
        "internal_use",
        "Internal use?",
        "Whether the model was in use only inside the lab.",
        "one",
        _TRISTATE,
    ),
    Facet(
        "eliciting_evaluation",
        "Inside a test made to provoke it?",
        "Whether an evaluation was meant to bring this behaviour out.",
        "one",
        _TRISTATE,
    ),
    Facet(
        "capability",
        "How able is the attacker?",
        "The attacker's means, by operational capacity.",
        "one",
        (
            Choice("OC1", "OC1", "An amateur."),
            Choice("OC2", "OC2", "A professional who takes what is easy."),
            Choice("OC3", "OC3", "A crime syndicate or an insider."),
            Choice("OC4", "OC4", "A state's leading service, everyday effort."),
            Choice("OC5", "OC5", "A state's leading service, highest priority."),
        ),
    ),
    Facet(
        "vector",
        "Which way in?",
        "The kind of attack.",
        "many",
        (
            Choice("unauthorised-code", "Running their own code"),
            Choice("credentials", "Using existing credentials"),
            Choice("access-control", "Undermining access control"),
            Choice("security-bypass", "Going round the main defences"),
            Choice("ai-specific", "Attack specific to AI"),
            Choice("data-or-network-access", "Deep access to data or networks"),
            Choice("physical", "Physical access"),
            Choice("supply-chain", "Supply chain"),
            Choice("human", "Through people"),
        ),
    ),
    Facet(
        "harm",
        "What kind of harm?",
        "Harm that was done or was near.",
        "many",
        (
            Choice("physical", "To life or body"),
            Choice("psychological", "To the mind"),
            Choice("rights", "To fundamental rights"),
            Choice("economic", "To money or property"),
            Choice("environment", "To the environment"),
            Choice("reputation", "To reputation"),
            Choice("public-interest", "To the public interest or infrastructure"),
        ),
    ),
    Facet(
        "recoverability",
        "Can it be undone?",
        "What recovery takes.",
        "one",
        (
            Choice("regular", "Yes, with what we have"),
            Choice("supplemented", "Yes, with more means"),
            Choice("extended", "Perhaps; time and help unclear"),
            Choice("not-recoverable", "No"),
            Choice("not-applicable", "There is nothing to undo"),
        ),
    ),
    Facet("models", "Models", "Names and versions of the models involved.", "text"),
    Facet(
        "safeguard_level",
        "Threshold or safeguard level",
        "The capability threshold or level that this concerns, in the lab's own words.",
        "text",
    ),
    Facet("techniques", "Techniques", "MITRE ATLAS technique numbers.", "text"),
    Facet("jurisdictions", "Where", "Countries and states touched.", "text"),
)

_FACET_BY_KEY = {facet.key: facet for facet in FACETS}


def parse_facets(values: Mapping[str, object]) -> dict[str, str | list[str]]:
    """Check facets as they come from a form or the API and drop empty ones.

    Returns one value for facets of kind *one* and *text*, a list for *many*.
    Raises FacetError.
    """
    facets: dict[str, str | list[str]] = {}
    for key, value in values.items():
        facet = _FACET_BY_KEY.get(key)
        if facet is None:
            known = ", ".join(_FACET_BY_KEY)
            raise FacetError(f"facets.{key}: there is no such facet; use {known}")
        if value not in (None, "", []):
            facets[key] = _parse_value(facet, value)
    return facets


def _parse_value(facet: Facet, value: object) -> str | list[str]:
    if facet.kind == "many":
        if not isinstance(value, list | tuple) or len(value) > MAX_VALUES:
            raise FacetError(f"facets.{facet.key}: send a list of values")
        return sorted({_choice(facet, item) for item in value})
    if facet.kind == "one":
        return _choice(facet, value)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise FacetError(
            f"facets.{facet.key}: send text of at most {MAX_TEXT} characters"
        )
    return value.strip()


def _choice(facet: Facet, value: object) -> str:
    known = [choice.value for choice in facet.choices]
    if not isinstance(value, str) or value not in known:
        raise FacetError(
            f"facets.{facet.key}: {value!r} is not one of its values; "
            f"use {', '.join(known)}"
        )
    return value
