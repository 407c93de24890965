"""Goes on with the log under another name and key, after its key was or may be stolen.

The tree goes on: the entries stay in their places, and the new name signs only heads
above the last one under the old name. The first of these holds `log.continues`, which
discloses the last old head that is vouched for. So one proof of consistency, of the kind
that every C2SP tool checks, shows that the new log begins with all of the old one.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from incidents.errors import BadInput, NotPossible
from incidents.ledger.checkpoint import Checkpoint as Head
from incidents.ledger.checkpoint import open_checkpoint, parse_checkpoint
from incidents.ledger.note import BadNote, parse_note
from incidents.ledger.vkey import parse_vkey
from incidents.sealing.chain import ChainBroken
from incidents.sealing.log_events import CONTINUES, record_log_event
from incidents.sealing.models import EndedLog, SealerState
from incidents.sealing.names import cosigned_heads, ended_logs, own_heads, present_name
from incidents.sealing.places import sealed_size
from incidents.sealing.seal import await_log, seal_waiting
from incidents.sealing.signing import Signer
from incidents.sealing.state import read_state
from incidents.sealing.tree import reader

MAX_REASON: Final = 500
MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Why:
    """Why a log is given up, and by whom; both stand in the record for everybody."""

    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class LastHead:
    """The last head of a log that its successor vouches for."""

    note: str
    is_cosigned: bool

    @property
    def head(self) -> Head:
        """Return its three lines."""
        return parse_checkpoint(parse_note(self.note).text)


def continue_log(
    signer: Signer, why: Why, now: datetime, *, may_lack_witnesses: bool = False
) -> EndedLog:
    """End the present name of the log and go on under the signer's, all or nothing.

    Waits for the sealer's lock and holds it. Raises BadInput, and NotPossible when the
    signer still holds the old name or an old key, when no head is vouched for, or when
    the entries do not make the head that was signed.
    """
    _check_why(why)
    with transaction.atomic():
        await_log()
        origin = present_name()
        _check_successor(signer, origin)
        last = _last_head(may_lack_witnesses=may_lack_witnesses)
        _check_is_of_the_log(last, origin)
        try:
            return _continue(signer, last, why, now)
        except ChainBroken as broken:
            raise _not_possible(f"The record is not whole: {broken}.") from None


def _check_why(why: Why) -> None:
    for field, value, most in (
        ("reason", why.reason, MAX_REASON),
        ("by", why.by, MAX_NAME),
    ):
        if not 0 < len(value.strip()) <= most:
            raise BadInput(field, value, f"Write 1 to {most} characters.")


def _check_successor(signer: Signer, origin: str) -> None:
    if not origin:
        raise _not_possible(
            "Nothing is signed yet, so there is nothing to continue: the signer may begin"
            " under its new name."
        )
    ended = ended_logs()
    if signer.origin == origin:
        if ended:
            raise _not_possible(
                f"The log is {origin} already, since {ended[-1].ended_at:%Y-%m-%d %H:%M}"
                " UTC. There is nothing more to do here."
            )
        raise _not_possible(
            f"The signer still signs for {origin}. Stop it; then `signer --dir DIR new-log"
            " ORIGIN` gives it another name and a fresh key; then start it."
        )
    if signer.origin in {one.origin for one in ended}:
        raise _not_possible(f"{signer.origin} was given up before: take another name.")
    old = {key.public for key in map(parse_vkey, _known_keys(ended))}
    if any(key.public in old for key in signer.keys):
        raise _not_possible(
            "The signer holds a key of the old log: a new name needs a fresh key, as"
            " `signer --dir DIR new-log ORIGIN` makes it."
        )


def _known_keys(ended: list[EndedLog]) -> list[str]:
    before = [line for one in ended for line in one.vkeys.splitlines()]
    return [*before, *read_state().known_keys]


def _last_head(*, may_lack_witnesses: bool) -> LastHead:
    # "last" stands before "first" in this order.
    seen = cosigned_heads().order_by("-size", "-which").first()
    if seen is not None:
        return LastHead(seen.note, is_cosigned=True)
    if not may_lack_witnesses:
        raise _not_possible(
            "No quorum of witnesses has seen a head under this name, so nobody but you"
            " vouches for what the old log was. To go on all the same, and have the record"
            " say so: --without-cosignature."
        )
    signed = own_heads().exclude(note="").order_by("-size").first()
    if signed is None:
        raise _not_possible("No head is signed under this name: sign one first.")
    return LastHead(signed.note, is_cosigned=False)


def _check_is_of_the_log(last: LastHead, origin: str) -> None:
    """Require that the old keys signed it, and that our entries make its root."""
    keys = [parse_vkey(line) for line in read_state().known_keys]
    try:
        if keys:
            open_checkpoint(last.note, origin=origin, log_keys=keys)
    except BadNote as error:
        raise _not_possible(
            f"The last head in the database is false: {error}."
        ) from None
    head = last.head
    if head.size > sealed_size() or reader(head.size).root() != head.root:
        raise _not_possible(
            f"The entries here do not make the head of {head.size} that was signed."
            " Bring back the database that has them; `manage.py audit_log` says more."
        )


def _continue(signer: Signer, last: LastHead, why: Why, now: datetime) -> EndedLog:
    # What waits belongs before the word that closes the old log.
    while seal_waiting(now) is not None:
        pass
    sealed = sealed_size()
    head = last.head
    fields = {
        "origin": head.origin,
        "size": head.size,
        "root": head.root.hex(),
        "note_sha256": hashlib.sha256(last.note.encode()).hexdigest(),
        "cosigned": last.is_cosigned,
        "reason": why.reason.strip(),
        "actor": {"kind": "operator", "name": why.by.strip()},
    }
    entry_id = record_log_event(CONTINUES, fields, now)
    ended = EndedLog.objects.create(
        number=EndedLog.objects.count() + 1,
        origin=head.origin,
        vkeys="\n".join(read_state().known_keys),
        size=head.size,
        note=last.note,
        is_cosigned=last.is_cosigned,
        sealed_size=sealed,
        ended_at=now,
        ended_by=why.by.strip(),
        reason=why.reason.strip(),
        successor=signer.origin,
        entry_id=entry_id,
    )
    seal_waiting(now)
    # An old head that was asked for and never signed is not to be signed by the new key.
    SealerState.objects.update(to_sign=sealed_size(), refused_why="")
    return ended


def _not_possible(message: str) -> NotPossible:
    return NotPossible(message, state={"log": present_name()})
