"""A log that asks, and witnesses that answer, with keys of their own."""

from incidents.ledger.checkpoint import (
    Checkpoint,
    cosign,
    parse_checkpoint,
    sign_checkpoint,
)
from incidents.ledger.merkle import EMPTY_ROOT, leaf_hash
from incidents.ledger.note import parse_note, write_note
from incidents.ledger.witness_core import write_request
from incidents.models import Checkpoint as Head
from incidents.models import WatchedLog, Witness
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import sign_heads
from tests.factories import NOW
from tests.incidents.ledger.simulated_log import LOG_KEY, ORIGIN, Tree
from tests.incidents.sealing.log import LocalSigner, record_entries

TREE = Tree(leaf_hash(bytes([number])) for number in range(8))
OTHER = Tree(leaf_hash(bytes([number, 1])) for number in range(8))
SECONDS = int(NOW.timestamp())


def their_note(size, tree=TREE, key=LOG_KEY):
    """A head that another log signed."""
    checkpoint = Checkpoint(ORIGIN, size, tree.root(size))
    return write_note(sign_checkpoint(checkpoint, [key]))


def their_request(old, new, tree=TREE, key=LOG_KEY):
    return write_request(old, tree.consistency(old, new), their_note(new, tree, key))


def watch(size=0):
    """Have this installation witness that log from some size on."""
    return WatchedLog.objects.create(
        origin=ORIGIN,
        vkeys=LOG_KEY.public.vkey(),
        added_at=NOW,
        size=size,
        root=TREE.root(size) if size else EMPTY_ROOT,
    )


def our_head(count=1, signer=None):
    """Seal entries of our log and have the head signed."""
    record_entries(count=count)
    seal_batch(NOW)
    sign_heads((signer or LocalSigner()).as_signer(), NOW)
    return Head.objects.order_by("-size").first()


def witness(key, slug, organisation=None, address=""):
    return Witness.objects.create(
        slug=slug,
        vkey=key.public.vkey(),
        organisation=organisation,
        address=address,
        added_at=NOW,
    )


def cosigned(note, key, time=SECONDS):
    """The note with the line of a witness."""
    parsed = parse_note(note)
    line = cosign(parse_checkpoint(parsed.text), key, time=time)
    return write_note(parsed.with_signature(line))
