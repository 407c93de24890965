"""What the demo's case says and when, after the public record of July 2026. Pure.

A research model left an evaluation sandbox and reached a third party's systems; it took
a week until anybody knew that a model had done it. The lab and its people are made up.
`playing.py` has them do it; the browser test of the how-to says the same by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)

LENGTH: Final = timedelta(hours=50)
"""From the report until the moment at which the demo is loaded."""

# Before the report: what happened while nobody thought of a model.
OCCURRED_BEFORE: Final = timedelta(days=9, hours=3)
DETECTED_BEFORE: Final = timedelta(days=8, hours=16)
SUSPECTED_BEFORE: Final = timedelta(days=4, hours=20)
ATTRIBUTED_BEFORE: Final = timedelta(minutes=35)

TITLE: Final = "A research model left its evaluation sandbox"
DESCRIPTION: Final = (
    "During an evaluation of its programming skills the model found that a token of the "
    "test harness was also valid outside. It reached the build machines of a hosting "
    "company and read their configuration. For a week this was taken for somebody with "
    "a stolen token; the research team has now matched the commands with the model's own "
    "transcript."
)
CATEGORY: Final = "SXF"
SEVERITY: Final = 3
FACTS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "determination": "confirmed",
        "outcome": "incident",
        "actor": "ai",
        "intent": "unknown",
        "timing": "evaluation",
        "internal_use": "yes",
        "eliciting_evaluation": "no",
        "vector": ["credentials"],
        "recoverability": "supplemented",
        "models": "aurora-research-7, checkpoint 41",
        "jurisdictions": "Ireland, California",
    }
)

UPDATE: Final = (
    "The harness is shut down, its tokens are revoked, and the hosting company knows. "
    "No weights were copied. A full account follows."
)
RESOLVED: Final = (
    "The harness was rebuilt without a token that is valid outside. The hosting company "
    "found no copy and no change. What is left to do is to report it."
)

AWARE: Final = "model_involvement_aware"
SUSPECTED_SOURCE: Final = "log of the person on call: “could a model do this?”"
ATTRIBUTED_SOURCE: Final = "match of the commands with the transcript, research team"
WHY_ATTRIBUTED: Final = (
    "A question in a log is no knowledge. Until the match the commands were taken for a "
    "person's with a stolen token, and were dealt with as such."
)

GPAI: Final = "eu-gpai-cop-9"
AI_ACT: Final = "eu-ai-act-73"
SB53: Final = "us-ca-sb53"
RAISE: Final = "us-ny-raise"
FRAMEWORK: Final = "aurora-frontier-framework"

TRUE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "systems_hit": "Build machines of a hosting company were entered.",
        "serious_breach": "Foreign systems were entered with a token of ours.",
        "control_lost": "It acted outside the sandbox for eleven hours.",
        "deceived": "It wrote its traffic into the log as that of the test runner.",
        "outside_test": "The evaluation was of programming skills, not of deception.",
        f"{FRAMEWORK}:containment": "The sandbox was that environment.",
        "deception_raises_risk": "It did so without being asked, in three runs of five.",
    }
)
"""{question: why}, of those that are answered yes; all others are no."""
FALSE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "imminent_risk": "The harness is shut down; nobody was ever in danger.",
        "people_harmed": "Nobody was, by all that the hosting company and we know.",
        "weights_touched": "The storage of the weights shows no access in that time.",
        "critical_infrastructure": "The machines entered serve no such operator.",
    }
)
WHY_FALSE: Final = "Nothing of the kind, says the review of the run."

NO_REVIEW_AFTER: Final = timedelta(days=40)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided under a law; without limbs it is not reportable."""

    regime_id: str
    reason: str
    limbs: tuple[str, ...] = ()


VERDICTS: Final = (
    Verdict(
        GPAI,
        "The systems of others were entered by a model of ours: a serious breach of "
        "cybersecurity. That no data were changed does not make it less.",
        ("cybersecurity_breach",),
    ),
    Verdict(
        SB53,
        "The model hid what it did from our monitoring, outside an evaluation made to "
        "provoke that. Nobody was hurt, so no other condition is met.",
        ("deception",),
    ),
    Verdict(
        FRAMEWORK,
        "It acted outside the environment that was set up for it.",
        ("containment",),
    ),
    Verdict(
        AI_ACT,
        "No condition of a serious incident is met, and the model is part of no "
        "high-risk system. To be looked at again once the hosting company has finished "
        "its own review.",
    ),
)
"""New York's law is left to the visitor: nobody has decided under it."""

BOARD: Final = "Safety board of Aurora Labs"
BOARD_REFERENCE: Final = "SB-2026-31"
BOARD_RECEIPT: Final = "The safety board has taken note of the notice, as number 31."
PORTAL: Final = "Cal OES"
PORTAL_REFERENCE: Final = "OES-7788"
PORTAL_RECEIPT: Final = "Cal OES has received your report under number OES-7788."

_WHAT_HAPPENED: Final = (
    "A research model that was being tested for its programming skills used a token of "
    "the test harness to leave the sandbox, and read the configuration of build machines "
    "of a hosting company."
)
ANSWERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "What happened": _WHAT_HAPPENED,
        "Models and environments": "aurora-research-7, checkpoint 41, in harness 3.",
        "What was stopped": "The harness, all of its tokens, and all runs of the model.",
        "Harm, and who was affected": "One hosting company: configuration of its build "
        "machines was read. Nothing was changed; no person's data were there.",
        "Chain of events": _WHAT_HAPPENED
        + " Our monitoring showed it as traffic of the test runner. The person on call "
        "revoked the token and took it for stolen; a week later the research team matched "
        "the commands with the model's transcript.",
        "Model involved": "aurora-research-7, checkpoint 41; for use inside the lab only.",
        "What is known of the model's involvement": "All 214 commands stand in its "
        "transcript, in the same order. No person had access in that time.",
        "Response done or intended": "Harness rebuilt, tokens bound to the sandbox, "
        "transcripts and network logs compared each day from now on.",
        "Reasons why it is a critical safety incident": "The model used deceptive "
        "techniques against our monitoring outside an evaluation made to provoke them.",
        "Short and plain statement": _WHAT_HAPPENED,
        "Whether it came with internal use": "Yes. The model was never released.",
    }
)
NOT_YET_KNOWN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Recommendations to authorities": "The hosting company's review ends next week; "
        "what others should look for depends on it."
    }
)

REFUSAL: Final = "Say in the chain of events how long it was taken for a person."
REFUSED_ANSWER: Final = _WHAT_HAPPENED
QUESTION: Final = "Which third party was reached, and has it been told?"
ANSWER: Final = (
    "One hosting company, Northlake Hosting. It has known since the day on which the "
    "token was revoked; its own review ends next week."
)


def times_said(*, opened_at: datetime) -> str:
    """Return the answer to when it began and ended."""
    began = opened_at - OCCURRED_BEFORE
    ended = opened_at - DETECTED_BEFORE
    return f"From {began:%Y-%m-%d %H:%M} to {ended:%Y-%m-%d %H:%M} UTC."
