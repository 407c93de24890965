"""Say how bad an incident is, from 0 to 5, and what that sets off inside.

Severity pages people. It never sets a legal clock: whether a law asks for a report
is decided apart, by a person, with a reason.

>>> severity_at(4).name
'Critical'
>>> severity_from_tool("high")
3

Source: own proposal; level 5 uses the figures of the Californian, New York and
Illinois acts for catastrophic risk.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Severity:
    """One level: the test is met when any part of it is true."""

    level: int
    name: str
    test: str
    pages: str


SEVERITIES: tuple[Severity, ...] = (
    Severity(
        0,
        "Observation",
        "Nothing about safety changed. Kept so that we learn from it.",
        "The team, on the next working day",
    ),
    Severity(
        1,
        "Hazard or near miss",
        "A control failed, or held only by luck. Nobody was harmed.",
        "The duty officer, within 4 hours",
    ),
    Severity(
        2,
        "Limited",
        "Some harm: contained, few people affected, can be undone.",
        "The incident lead, within 1 hour",
    ),
    Severity(
        3,
        "Serious",
        "Harm reached people outside the lab; or the weights or safeguards of a "
        "highly capable model were touched; or a model worked against its overseers.",
        "Executives and legal counsel, within 30 minutes",
    ),
    Severity(
        4,
        "Critical",
        "Someone died or was badly hurt; or damage that cannot be undone; or weights "
        "are known to be stolen; or a model is acting beyond control.",
        "Chief executive, board and authorities, within 15 minutes",
    ),
    Severity(
        5,
        "Catastrophic",
        "More than 50 people killed or badly hurt, or over a billion US dollars of "
        "damage; or a believable, imminent path to that.",
        "Everyone, at once; assume that a 24-hour legal duty applies",
    ),
)

SEVERITY_CHOICES: list[tuple[int, str]] = [
    (severity.level, f"{severity.level} {severity.name}") for severity in SEVERITIES
]

# A tool cannot know of a catastrophe; only a person raises an incident to 5.
_FROM_TOOL: dict[str, int] = {
    "critical": 4,
    "high": 3,
    "medium": 2,
    "low": 1,
    "info": 0,
}


def severity_at(level: int) -> Severity:
    """Return the level's description. Requires 0 <= level <= 5."""
    if not 0 <= level < len(SEVERITIES):
        raise ValueError(f"severity {level}: use a whole number from 0 to 5")
    return SEVERITIES[level]


def severity_from_tool(word: str) -> int | None:
    """Return our level for an alert's severity, None when the tool does not say."""
    return _FROM_TOOL.get(word)
