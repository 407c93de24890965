"""Name the kinds of incident.

A code never changes its meaning. A category prompts people; it never decides whether
a law asks for a report. A near miss keeps the category that it nearly was and is
marked by the facet *outcome*, so that patterns stay visible.

Source: own proposal.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of incident, in words for someone who was just woken up."""

    code: str
    name: str
    meaning: str
    signal: str


CATEGORIES: tuple[Category, ...] = (
    Category(
        "WGT",
        "Model weights stolen or touched",
        "Someone copied, read or changed model weights without being allowed to.",
        "Unusual outbound traffic, a copy that nobody can explain",
    ),
    Category(
        "SXF",
        "Model left its sandbox",
        "A model got out of the place it was confined to, or copied itself elsewhere.",
        "The model reaches a network or system that was never approved for it",
    ),
    Category(
        "LOC",
        "Loss of control over a model",
        "A model worked against its overseers: hid, lied, or got round monitoring.",
        "Monitoring switched off or evaded, signs of scheming",
    ),
    Category(
        "SGB",
        "Safeguards bypassed",
        "Protections against misuse failed, were off, or a general way round exists.",
        "A red team or an abuse team finds a jailbreak that works everywhere",
    ),
    Category(
        "CBR",
        "Help towards mass-casualty weapons",
        "A model gave, or was asked for, real help with chemical, biological, "
        "radiological or nuclear weapons.",
        "Abuse detection, a tip from threat intelligence",
    ),
    Category(
        "CYB",
        "Cyberattack with or by a model",
        "A model was used to attack computers, or attacked them by itself.",
        "Abuse detection, a report from the victim",
    ),
    Category(
        "MAN",
        "Manipulation or fraud at scale",
        "A model was used to deceive or steer many people.",
        "Abuse detection, clusters of accounts that act alike",
    ),
    Category(
        "INS",
        "Insider or misused credentials",
        "Someone with legitimate access, or holding their login, went beyond it.",
        "Data-loss warnings, access logs, a report from colleagues",
    ),
    Category(
        "INF",
        "Lab systems or supply chain compromised",
        "An attacker is in the infrastructure, a dependency, or the training data.",
        "The security operations team raises an alarm, a supplier warns",
    ),
    Category(
        "ALG",
        "Secrets or training data taken",
        "Algorithmic secrets or training data left the lab, or a model was copied "
        "by querying it.",
        "Query patterns at the API that look like systematic extraction",
    ),
    Category(
        "UND",
        "Released without approval",
        "A model or version went live that should not have, or without safeguards.",
        "A release gate was skipped, the wrong build is running",
    ),
    Category(
        "EVA",
        "Evaluation cannot be trusted",
        "A test result is wrong: the model held back, knew it was tested, had seen "
        "the test, or a crossed threshold was not reported.",
        "The evaluation team sees results that do not fit together",
    ),
    Category(
        "PDB",
        "Personal or confidential data exposed",
        "Data about people, or entrusted by others, became visible to the wrong ones.",
        "The privacy team or an affected person notices",
    ),
    Category(
        "HRM",
        "Someone was hurt or died",
        "A person's body or mind was harmed and an AI system is linked to it.",
        "A user, relatives, the press or a court say so",
    ),
    Category(
        "CRI",
        "Critical infrastructure disturbed",
        "Power, water, health, transport or a similar service was disrupted.",
        "A customer or a national response team calls",
    ),
    Category(
        "FRD",
        "Fundamental rights infringed",
        "Many people were treated unfairly or lost a right through a system.",
        "An audit, a regulator, a pattern in complaints",
    ),
    Category(
        "AVL",
        "A safety service is down",
        "Something that keeps models safe stopped: monitoring, moderation, "
        "the emergency stop.",
        "The reliability team's own alarms",
    ),
    Category(
        "GOV",
        "A rule or process was broken",
        "A duty or promised procedure was not kept, though nothing technical failed.",
        "An audit, someone who speaks up",
    ),
    Category(
        "TPI",
        "It happened at someone else's",
        "An evaluator, cloud provider, customer or other lab had an incident that "
        "reaches this organisation.",
        "Their notice arrives",
    ),
)

CATEGORY_CHOICES: list[tuple[str, str]] = [(c.code, c.name) for c in CATEGORIES]
_BY_CODE = {category.code: category for category in CATEGORIES}


def category_named(code: str) -> Category | None:
    """Return the category with this code, if there is one."""
    return _BY_CODE.get(code)
