"""Collects the witnesses' lines on our heads: the first and the last of each size.

`first` holds each witness's first line, and is complete once a quorum is. `last` holds
each witness's newest line, once a heartbeat brought newer ones: both bound the time of
entries from either side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction

from incidents.events.models import Pending
from incidents.events.pending import SEALER
from incidents.ledger.note import Note, Signature, parse_note, write_note
from incidents.ledger.policy import Policy
from incidents.ledger.vkey import VerificationKey, cosignature_time, parse_vkey
from incidents.sealing.models import Checkpoint, Cosigned, Which
from incidents.sealing.names import cosigned_heads, own_heads
from incidents.witnessing.models import Witness
from incidents.witnessing.own_policy import cosigners, policy_with, standing_quorum

# An older entry that is still to be sealed would look back-dated below a cosignature.
MAX_UNSEALED: Final = timedelta(seconds=30)
# A line from the future would stand as the newest one for ever.
MAX_AHEAD_SECONDS: Final = 3600
MAX_HELD_AGAIN: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A witness's verified signature line over one of our heads."""

    witness: Witness
    key: VerificationKey
    signature: Signature

    @property
    def time(self) -> int:
        """Return what the witness says when it cosigned, in seconds since 1970."""
        return cosignature_time(self.signature.value) or 0


def is_from_the_future(signature: Signature, now: datetime) -> bool:
    """Tell whether a witness's clock is too far ahead for its line to be kept."""
    time = cosignature_time(signature.value) or 0
    return time > now.timestamp() + MAX_AHEAD_SECONDS


def active_witnesses() -> list[Witness]:
    """Return who is asked, or asks."""
    return list(Witness.objects.filter(is_active=True).order_by("pk"))


def key_of(witness: Witness) -> VerificationKey:
    """Return the key by which a witness's lines are verified."""
    return parse_vkey(witness.vkey)


def head_to_cosign(now: datetime) -> Checkpoint | None:
    """Return the newest signed head, None while older entries are still to be sealed."""
    waiting = Pending.objects.filter(consumer=SEALER).order_by("id")
    since = waiting.values_list("since", flat=True).first()
    if since is not None and now - since > MAX_UNSEALED:
        return None
    return own_heads().exclude(note="").order_by("-size").first()


def keep_lines(head: Checkpoint, lines: Sequence[Line], now: datetime) -> None:
    """Add verified lines to the cosigned notes of this size.

    Locks the head, so that lines which come together are all kept.
    """
    with transaction.atomic():
        Checkpoint.objects.select_for_update(no_key=True).get(pk=head.pk)
        # Read below the lock: a change of the quorum holds it until it stands.
        policy = quorum_policy()
        rows = {row.which: row for row in Cosigned.objects.filter(size=head.size)}
        signed = parse_note(head.note)
        first = _note(rows, Which.FIRST, signed)
        last = _note(rows, Which.LAST, first)
        new_first, new_last = first, last
        for line in sorted(lines, key=lambda one: one.time):
            if line.time > _time_of(new_last, line.key):
                new_last = new_last.with_signature(line.signature)
            if not _time_of(new_first, line.key):
                new_first = new_first.with_signature(line.signature)
        if new_first != first:
            _save(head.size, Which.FIRST, rows.get(Which.FIRST), new_first, policy)
        if new_last not in (last, new_first):
            _save(head.size, Which.LAST, rows.get(Which.LAST), new_last, policy)
        _note_cosigned(head, lines, now)


def _note(rows: dict[str, Cosigned], which: str, otherwise: Note) -> Note:
    row = rows.get(which)
    return parse_note(row.note) if row else otherwise


def _time_of(note: Note, key: VerificationKey) -> int:
    """Return when this witness cosigned, 0 when it did not."""
    mine = (
        one for one in note.signatures if (one.name, one.key_id) == (key.name, key.id)
    )
    return next((cosignature_time(one.value) or 0 for one in mine), 0)


def seen_in(note: Note, policy: Policy) -> dict[VerificationKey, int]:
    """Return when each witness of the policy cosigned this note, if it did."""
    return {key: time for key in policy.witness_keys if (time := _time_of(note, key))}


def met_in(note: Note, policy: Policy) -> datetime | None:
    """Return when the lines of a note were enough; None while they are not."""
    met = policy.met_at(seen_in(note, policy))
    return None if met is None else datetime.fromtimestamp(met, UTC)


def complete_standing_heads() -> None:
    """Hold heads that lack a quorum against the one that stands now.

    Run it after the commit of a change: the lines that came are locked head first, then
    witness. Of the newest heads only, for each speaks for all below it.
    """
    complete = cosigned_heads().order_by("-size")
    size = complete.values_list("size", flat=True).first() or 0
    lacking = Cosigned.objects.filter(quorum_at=None, size__gte=size)
    newest = lacking.order_by("-size").values_list("size", flat=True)
    sizes = sorted(set(newest[:MAX_HELD_AGAIN]))
    with transaction.atomic():
        heads = own_heads().select_for_update(no_key=True).filter(size__in=sizes)
        sizes = list(heads.order_by("size").values_list("size", flat=True))
        policy = quorum_policy()
        for row in Cosigned.objects.filter(quorum_at=None, size__in=sizes):
            if met := met_in(parse_note(row.note), policy):
                same = Cosigned.objects.filter(size=row.size, which=row.which)
                same.update(quorum_at=met)


def quorum_policy() -> Policy:
    """Return whose lines are waited for now; the log's keys are not in it."""
    return policy_with(standing_quorum(), cosigners())


def _save(
    size: int, which: str, row: Cosigned | None, note: Note, policy: Policy
) -> None:
    """Keep the lines. What was complete stays so, whatever a quorum is by now."""
    values = {"note": write_note(note), "quorum_at": met_in(note, policy)}
    if row is None:
        Cosigned.objects.create(size=size, which=which, **values)
        return
    if row.quorum_at and (which == Which.FIRST or values["quorum_at"] is None):
        values["quorum_at"] = row.quorum_at
    Cosigned.objects.filter(size=size, which=which).update(**values)


def _note_cosigned(head: Checkpoint, lines: Sequence[Line], now: datetime) -> None:
    for line in lines:
        Witness.objects.filter(pk=line.witness.pk, size__lte=head.size).update(
            size=head.size,
            cosigned_at=now,
            said_at=datetime.fromtimestamp(line.time, UTC),
            next_at=None,
            failures=0,
            failed_why="",
        )
