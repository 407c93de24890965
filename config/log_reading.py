"""Reads how far the record is sealed, signed, witnessed and audited, for page and API.

It holds sizes, hashes, keys and times, and nobody's content.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from incidents.audit.nightly import last_audit
from incidents.ledger.checkpoint import parse_checkpoint
from incidents.ledger.note import parse_note
from incidents.ledger.vkey import cosignature_time
from incidents.models import Audit, Checkpoint, Cosigned, EndedLog, Witness
from incidents.sealing.asking import signer_standing
from incidents.sealing.names import ended_logs, present_name
from incidents.sealing.places import newest_note
from incidents.sealing.state import read_state
from incidents.sealing.vitals import SealingVitals, measure_sealing

OTHER_SIDE: Final = "other"


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A line of a witness below the newest head, and when it says that it signed."""

    name: str
    at: datetime
    age_seconds: int


@dataclass(frozen=True, slots=True)
class KnownWitness:
    """A witness, as everybody may know it. `side` is lab, agency, platform or other."""

    name: str
    side: str
    size: int
    said_at: datetime | None
    answers: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How the record stands. Sizes are numbers of entries."""

    origin: str
    sealed_at: datetime | None
    witnessed_size: int
    witnessed_at: datetime | None
    checkpoint: str
    cosignatures: tuple[Cosignature, ...]
    signer: str
    keys: tuple[str, ...]
    witnesses: tuple[KnownWitness, ...]
    vitals: SealingVitals
    audit: Audit | None
    formers: tuple[EndedLog, ...]


def read_standing(now: datetime) -> Standing:
    """Read all of it in a number of statements that does not grow."""
    note = newest_note() or ""
    seen = Cosigned.objects.filter(quorum_at__isnull=False)
    witnessed = seen.order_by("-size", "-which").first()
    sealed = Checkpoint.objects.order_by("-size").first()
    return Standing(
        origin=_origin(note) or present_name(),
        sealed_at=sealed.sealed_at if sealed else None,
        witnessed_size=witnessed.size if witnessed else 0,
        witnessed_at=witnessed.quorum_at if witnessed else None,
        checkpoint=note,
        cosignatures=_cosignatures(note, now),
        signer=signer_standing(),
        keys=tuple(read_state().known_keys),
        witnesses=_witnesses(),
        vitals=measure_sealing(),
        audit=last_audit(),
        formers=tuple(ended_logs()),
    )


def _origin(note: str) -> str:
    return parse_checkpoint(parse_note(note).text).origin if note else ""


def _cosignatures(note: str, now: datetime) -> tuple[Cosignature, ...]:
    """Return the witnesses' lines. They were verified before they were kept."""
    found = []
    for line in parse_note(note).signatures if note else ():
        time = cosignature_time(line.value)
        if time is None:  # the log's own line
            continue
        at = datetime.fromtimestamp(time, UTC)
        age = max(0, int((now - at).total_seconds()))
        found.append(Cosignature(line.name, at, age))
    return tuple(found)


def _witnesses() -> tuple[KnownWitness, ...]:
    rows = Witness.objects.filter(is_active=True).select_related("organisation")
    return tuple(
        KnownWitness(
            name=one.slug,
            side=one.organisation.kind if one.organisation else OTHER_SIDE,
            size=one.size,
            said_at=one.said_at,
            answers=not one.failures,
        )
        for one in rows
    )
