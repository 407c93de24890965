"""Writes the words for people that come with a bundle; none of them is evidence."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from string import Template

from incidents.ledger.certificate import CERTIFICATE, Certified, write_certificate
from incidents.ledger.checkpoint import Checkpoint
from incidents.ledger.version import VERSION


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
    return {"README.txt": _readme(facts), CERTIFICATE: _certificate(facts)}


def copy_rows(facts: Facts) -> tuple[tuple[str, str], ...]:
    """Return what the page for people says of this copy."""
    return (
        ("Handed out by", facts.organisation),
        ("To", facts.recipient),
        ("Asked for", _asked_at(facts)),
        ("Record", facts.stream),
        ("Entries", f"1 to {facts.entries}"),
        ("Complete to", f"entry {facts.entries}"),
    )


def _asked_at(facts: Facts) -> str:
    return f"{facts.asked_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _certificate(facts: Facts) -> bytes:
    words = _WITNESSED if facts.is_cosigned else _UNWITNESSED
    return write_certificate(
        Certified(
            ref=facts.ref,
            stream=facts.stream,
            entries=f"1 to {facts.entries}",
            complete_to=f"entry {facts.entries}",
            copy=f"asked for by {facts.organisation} on {_asked_at(facts)},"
            f" for {facts.recipient}",
            origin=facts.head.origin,
            size=facts.head.size,
            root=facts.head.root.hex(),
            witnesses=words.replace("\n", " "),
            version=VERSION,
        )
    )


def _readme(facts: Facts) -> bytes:
    values = {
        "ref": facts.ref,
        "organisation": facts.organisation,
        "recipient": facts.recipient,
        "stream": facts.stream,
        "entries": str(facts.entries),
        "origin": facts.head.origin,
        "size": str(facts.head.size),
        "root": facts.head.root.hex(),
        "asked_at": _asked_at(facts),
        "witnesses": _WITNESSED if facts.is_cosigned else _UNWITNESSED,
    }
    text = files("incidents.evidence").joinpath("words/README.txt").read_text("utf-8")
    return Template(text).substitute(values).encode()
