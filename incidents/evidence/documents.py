"""Writes the words for people that come with a bundle; none of them is evidence."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from string import Template

from incidents.ledger.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Facts:
    """What the words say of this bundle."""

    ref: str
    organisation: str
    recipient: str
    stream: str
    entries: int
    head: Checkpoint
    asked_at: datetime
    is_cosigned: bool


_WITNESSED = (
    "Independent witnesses have signed this head beside the log. Which of them you trust,\n"
    "and how many must have signed, is said by the policy that you hold yourself."
)
_UNWITNESSED = (
    "NO WITNESS has signed this head. The bundle proves that it agrees with what the log\n"
    "signed; that the log showed everybody the same, nobody but its operator says."
)


def documents(facts: Facts) -> dict[str, bytes]:
    """Return the files by their names in the bundle."""
    values = {
        "ref": facts.ref,
        "organisation": facts.organisation,
        "recipient": facts.recipient,
        "stream": facts.stream,
        "entries": str(facts.entries),
        "origin": facts.head.origin,
        "size": str(facts.head.size),
        "root": facts.head.root.hex(),
        "asked_at": f"{facts.asked_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        "witnesses": _WITNESSED if facts.is_cosigned else _UNWITNESSED,
    }
    return {name: _filled(name, values) for name in ("README.txt", "certificate.txt")}


def _filled(name: str, values: dict[str, str]) -> bytes:
    text = files("incidents.evidence").joinpath(f"words/{name}").read_text("utf-8")
    return Template(text).substitute(values).encode()
