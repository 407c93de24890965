"""Has the log's heads signed by the signer, a process of its own that may refuse.

Only what is durable is shown to it. It is asked for the size that the sealer noted
(`state.note_to_sign`), and answers the same again; so a crash at any line leaves
nothing that the next pass does not mend.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from incidents.ledger.checkpoint import Checkpoint as Head
from incidents.ledger.checkpoint import open_checkpoint
from incidents.ledger.signer_client import SignerRefused
from incidents.ledger.vkey import VerificationKey
from incidents.sealing.models import Checkpoint
from incidents.sealing.names import own_heads, present_name
from incidents.sealing.state import note_to_sign, read_state
from incidents.sealing.tree import consistency_path

# (old size, proof, size, root) -> signature lines.
Sign = Callable[[int, Sequence[bytes], int, bytes], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs under which name, and the keys by which its lines are verified."""

    origin: str
    keys: tuple[VerificationKey, ...]
    sign: Sign


def sign_heads(signer: Signer, now: datetime) -> int | None:
    """Have the noted head signed, then the newest; returns the size that is signed.

    None when there is nothing to sign. Raises what the signer raises, SignerRefused when
    it signs under another name than the log has, and BadNote when its lines are not
    signatures of this head.
    """
    _sign_noted(signer, now)
    newest = own_heads().order_by("-size").first()
    if newest and not newest.note:
        note_to_sign(newest.size)
        _sign_noted(signer, now)
    return newest.size if newest else None


def _sign_noted(signer: Signer, now: datetime) -> None:
    head = Checkpoint.objects.filter(size=read_state().to_sign, note="").first()
    if head is None:
        return
    _check_name(signer.origin)
    old = last_signed_size()
    proof = consistency_path(old, head.size)
    lines = signer.sign(old, proof, head.size, bytes(head.root))
    note = _checked_note(signer, head, lines)
    # Whoever else asked meanwhile got the same lines.
    Checkpoint.objects.filter(size=head.size, note="").update(note=note, signed_at=now)


def _check_name(origin: str) -> None:
    name = present_name()
    if name and origin != name:
        raise SignerRefused(
            f"the signer signs for {origin}, and this log is {name}. Was its key"
            f" stolen? Then `manage.py continue_log --origin {origin}` goes on there"
        )


def last_signed_size() -> int:
    """Return the size of the newest signed head under the present name, 0 for none."""
    signed = own_heads().exclude(note="").order_by("-size")
    return signed.values_list("size", flat=True).first() or 0


def _checked_note(signer: Signer, head: Checkpoint, lines: Sequence[str]) -> str:
    text = Head(signer.origin, head.size, bytes(head.root)).text
    note = f"{text}\n" + "".join(f"{line.rstrip()}\n" for line in lines)
    open_checkpoint(note.encode(), origin=signer.origin, log_keys=signer.keys)
    return note
