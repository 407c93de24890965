"""Go's checksum-database code accepts what is ours and refuses what was changed."""

from incidents.ledger.bundle_parts import read_line
from incidents.ledger.merkle import EMPTY_ROOT, leaf_hash
from incidents.models import Checkpoint, Entry
from incidents.sealing.places import newest_note
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import sign_heads
from incidents.sealing.tree import consistency_path, inclusion_path
from tests.factories import NOW
from tests.incidents.ledger import vectors
from tests.incidents.ledger.simulated_log import LOG_KEY, Tree, small_log
from tests.incidents.ledger.verify.verifying import files_of, packed
from tests.incidents.sealing.log import LocalSigner, record_entries
from tests.proof.sumdb import ask

HEADER = "c2sp.org/tlog-proof@v1\n"
KEY = LOG_KEY.public.vkey()
NOTES = vectors.own("ledger_notes")


def flipped(data):
    return bytes([data[0] ^ 1]) + data[1:]


def tree_of(size):
    return Tree(leaf_hash(b"%d" % number) for number in range(size))


def inclusion(tree, index, size):
    return {
        "what": "inclusion",
        "leaf": b"%d" % index,
        "index": index,
        "size": size,
        "root": tree.root(size),
        "proof": tree.inclusion(index, size),
    }


def consistency(tree, old, size):
    return {
        "what": "consistency",
        "old": old,
        "old_root": tree.root(old),
        "size": size,
        "root": tree.root(size),
        "proof": tree.consistency(old, size),
    }


def test_every_proof_up_to_forty_leaves_is_accepted():
    tree = tree_of(40)
    sizes = range(1, 41)
    asked = [inclusion(tree, index, size) for size in sizes for index in range(size)]
    asked += [
        consistency(tree, old, size) for size in sizes for old in range(1, size + 1)
    ]
    assert set(ask(asked)) == {"ok"}
    assert len(asked) == 1640


def test_changed_proofs_are_refused():
    tree = tree_of(21)
    right, growth = inclusion(tree, 9, 21), consistency(tree, 9, 21)
    path, steps = right["proof"], growth["proof"]
    asked = [
        {**right, "index": 8},
        {**right, "size": 40},
        {**right, "root": flipped(right["root"])},
        {**right, "leaf": b"another"},
        {**right, "proof": path[1:]},
        {**right, "proof": (*path, path[0])},
        {**right, "proof": (flipped(path[0]), *path[1:])},
        {**growth, "old_root": growth["root"]},
        {**growth, "old_root": EMPTY_ROOT},
        {**growth, "root": flipped(growth["root"])},
        {**growth, "proof": steps[:-1]},
        {**growth, "proof": (*steps, steps[0])},
        {**growth, "old": 10},
    ]
    assert "ok" not in ask(asked)


def test_heads_and_proofs_of_the_database_are_accepted(world_database):
    signer = LocalSigner()
    notes = []
    for count in (3, 2, 260):
        record_entries(count=count)
        seal_batch(NOW)
        sign_heads(signer.as_signer(), NOW)
        notes.append(newest_note())
    key = signer.key.public.vkey()
    leaves = [bytes(e.leaf) for e in Entry.objects.order_by("sealed__idx")]
    roots = {one.size: bytes(one.root) for one in Checkpoint.objects.all()}
    asked = [{"what": "checkpoint", "key": key, "note": note} for note in notes]
    asked += [
        {
            "what": "inclusion",
            "leaf": leaves[index],
            "index": index,
            "size": 265,
            "root": roots[265],
            "proof": inclusion_path(index, 265),
        }
        for index in (0, 2, 3, 255, 256, 264)
    ]
    asked += [
        {
            "what": "consistency",
            "old": old,
            "old_root": roots[old],
            "size": new,
            "root": roots[new],
            "proof": consistency_path(old, new),
        }
        for old, new in ((3, 5), (3, 265), (5, 265))
    ]
    assert set(ask(asked)) == {"ok"}


def test_every_proof_file_of_a_bundle_is_accepted():
    files = files_of(packed(small_log().bundle()))
    entries = [read_line(line) for line in files["entries.jsonl"].splitlines()]
    pieces = files["proofs.txt"].decode().split(HEADER)[1:]
    asked = [
        {"what": "tlog-proof", "key": KEY, "text": HEADER + piece, "leaf": entry.leaf}
        for entry, piece in zip(entries, pieces, strict=True)
    ]
    assert ask(asked) == ["ok"] * 4
    moved = [{**one, "leaf": asked[0]["leaf"]} for one in asked[1:]]
    assert "ok" not in ask(moved)


def test_checkpoint_with_one_changed_byte_is_refused():
    log = small_log()
    note = log.note(5, 1_795_446_100)
    other = log.note(6, 1_795_446_100).split("\n")[2]
    changed = "\n".join([*note.split("\n")[:2], other, *note.split("\n")[3:]])
    unsigned = note.partition("\n\n")[0] + "\n\n"
    asked = [
        {"what": "checkpoint", "key": KEY, "note": text}
        for text in (note, changed, unsigned, note.replace("\n5\n", "\n4\n"))
    ]
    fine, *bad = ask(asked)
    assert (fine, "ok" in bad) == ("ok", False)


def test_published_vectors_are_accepted():
    s13, s15 = NOTES["S13"], NOTES["S15"]
    leaf = bytes.fromhex(s15["data_hex"])
    proof = {"what": "tlog-proof", "key": s15["log_vkey"], "leaf": leaf}
    asked = [
        {"what": "checkpoint", "key": s13["log_vkey"], "note": s13["note"]},
        {**proof, "text": s15["tlog_proof"]},
        {**proof, "text": s15["tlog_proof"].replace("index 2", "index 3")},
    ]
    first, second, third = ask(asked)
    assert (first, second, third == "ok") == ("ok", "ok", False)
