"""Takes what a witness brings that fetched a head of our log: verified, then kept."""

from datetime import datetime

from incidents.ledger.checkpoint import parse_checkpoint
from incidents.ledger.note import BadNote, Note, parse_note, verify_note
from incidents.ledger.vkey import cosignature_time
from incidents.sealing.models import Checkpoint
from incidents.witnessing.cosigning import (
    Line,
    active_witnesses,
    is_from_the_future,
    keep_lines,
    key_of,
)


class NotTaken(Exception):
    """Nothing of it can be kept; the message says why."""


def take_note(body: bytes, now: datetime) -> list[str]:
    """Keep the lines of known witnesses below a head of our log; returns their names.

    Raises NotTaken.
    """
    try:
        note = parse_note(body)
        checkpoint = parse_checkpoint(note.text)
    except BadNote as error:
        raise NotTaken(
            f"Send a head of this log and your line below it: {error}."
        ) from None
    head = Checkpoint.objects.filter(size=checkpoint.size).exclude(note="").first()
    if head is None or parse_note(head.note).text != note.text:
        raise NotTaken("This is no head that this log signed: fetch the newest one.")
    lines = _verified_lines(note)
    if any(is_from_the_future(line.signature, now) for line in lines):
        raise NotTaken("The time in a line is over an hour ahead: set that clock.")
    if not lines:
        raise NotTaken("None of the lines is by a witness that is known here.")
    keep_lines(head, lines, now)
    return [line.witness.slug for line in lines]


def _verified_lines(note: Note) -> list[Line]:
    witnesses = {key_of(one): one for one in active_witnesses()}
    present = {(one.name, one.key_id) for one in note.signatures}
    if not any((key.name, key.id) in present for key in witnesses):
        return []
    try:
        verified = verify_note(note, witnesses)
    except BadNote as error:
        raise NotTaken(f"{error}.") from None
    return [
        Line(witnesses[key], key, signature)
        for key, signature in verified.items()
        if cosignature_time(signature.value)
    ]
