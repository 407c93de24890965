"""Signs heads of the log, and nothing that does not extend the last one it signed.

What was signed last lies in a file of the signer's own, durable before the signature
leaves. So neither a restored database nor a sealer in wrong hands gets two heads signed
that contradict each other.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from incidents.ledger.checkpoint import BadCheckpoint, Checkpoint, sign_checkpoint
from incidents.ledger.merkle import EMPTY_ROOT, HASH_BYTES, verify_consistency
from incidents.ledger.signing_keys import BadKeyFolder, write_durably
from incidents.ledger.vkey import SigningKey

MAX_PROOF_HASHES = 126  # two for each of the 63 levels that a size may have


class Refused(Exception):
    """The signer will not sign this; `signed_size` says where it stands."""

    def __init__(self, why: str, *, signed_size: int) -> None:
        super().__init__(why)
        self.signed_size = signed_size


@dataclass(frozen=True, slots=True)
class Request:
    """A head, and the proof that it extends the one of `old_size`."""

    old_size: int
    proof: tuple[bytes, ...]
    size: int
    root: bytes


class HeadSigner:
    """Signs under one name, with the keys that `keys()` returns at that moment."""

    def __init__(
        self, origin: str, state: Path, keys: Callable[[], tuple[SigningKey, ...]]
    ) -> None:
        self._origin = origin
        self._state = state
        self._keys = keys
        self._lock = threading.Lock()

    def sign(self, request: Request) -> tuple[str, ...]:
        """Return a signature line for each key. Raises Refused, BadKeyFolder."""
        with self._lock:
            last = read_state(self._state, origin=self._origin)
            check_extends(last, request)
            head = Checkpoint(self._origin, request.size, request.root)
            note = sign_checkpoint(head, self._keys())
            if head != last:
                write_state(self._state, head)
        return tuple(signature.line() for signature in note.signatures)


def check_extends(last: Checkpoint, request: Request) -> None:
    """Let only a head pass that begins with all of the last one. Raises Refused."""
    why = _why_not(last, request)
    if why:
        raise Refused(why, signed_size=last.size)


def _why_not(last: Checkpoint, request: Request) -> str:
    if len(request.root) != HASH_BYTES:
        return f"a root has {HASH_BYTES} bytes"
    if request.size < last.size:
        return (
            f"size {request.size} was passed: {last.size} is signed. Was an older "
            "database restored? Its record goes on under a new origin."
        )
    if request.size == last.size:
        is_same = request.root == last.root
        return "" if is_same else f"another head of size {last.size} is signed"
    if request.old_size != last.size:
        return f"the proof must begin at size {last.size}, which is signed"
    extends = verify_consistency(
        last.size, request.size, last.root, request.root, request.proof
    )
    return "" if extends else f"the proof does not show that {last.size} is extended"


def read_state(path: Path, *, origin: str) -> Checkpoint:
    """Return the head that was signed last. Raises BadKeyFolder."""
    try:
        members = json.loads(path.read_bytes())
        head = Checkpoint(
            members["origin"], members["size"], bytes.fromhex(members["root"])
        )
    except FileNotFoundError:
        raise BadKeyFolder(
            f"{path} is gone, and with it what was signed: put it back, or name the "
            "newest head that a witness holds with `start-at SIZE ROOT`"
        ) from None
    except (ValueError, KeyError, TypeError, BadCheckpoint) as error:
        raise BadKeyFolder(f"{path} cannot be read: {error}") from None
    if head.origin != origin:
        raise BadKeyFolder(f"{path} is of the log {head.origin}, not of {origin}")
    return head


def write_state(path: Path, head: Checkpoint) -> None:
    """Keep the head that is signed, durable before this returns."""
    members = {"origin": head.origin, "size": head.size, "root": head.root.hex()}
    write_durably(path, json.dumps(members).encode())


def empty_head(origin: str) -> Checkpoint:
    """Return what a signer starts with: a log of nothing."""
    return Checkpoint(origin, 0, EMPTY_ROOT)
