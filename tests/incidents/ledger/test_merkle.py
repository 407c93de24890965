import functools
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.ledger import merkle
from incidents.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    complete_subtrees,
    consistency_proof,
    consistency_ranges,
    fold,
    inclusion_proof,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from tests.incidents.ledger import vectors

MOST = 130
TREE = vectors.own("ledger_tree")
HASHES = [leaf_hash(b"%d" % n) for n in range(MOST)]

hashes = st.binary(min_size=32, max_size=32)
sizes = st.integers(-3, 300)


def slow_split(size):
    return max(2**power for power in range(8) if 2**power < size)


@functools.cache
def slow_root(start, end):
    """RFC 9162 §2.1.1, word for word."""
    if start == end:
        return hashlib.sha256(b"").digest()
    if end - start == 1:
        return HASHES[start]
    middle = start + slow_split(end - start)
    left, right = slow_root(start, middle), slow_root(middle, end)
    return hashlib.sha256(b"\x01" + left + right).digest()


def slow_path(index, start, end):
    """RFC 9162 §2.1.3.1, as the leaves below each hash."""
    if end - start == 1:
        return []
    middle = start + slow_split(end - start)
    if index < middle:
        return [*slow_path(index, start, middle), (middle, end)]
    return [*slow_path(index, middle, end), (start, middle)]


def slow_growth(old, start, end, *, is_known):
    """RFC 9162 §2.1.4.1 (SUBPROOF), as the leaves below each hash."""
    if old == end:
        return [] if is_known else [(start, end)]
    middle = start + slow_split(end - start)
    if old <= middle:
        inner = slow_growth(old, start, middle, is_known=is_known)
        return [*inner, (middle, end)]
    return [*slow_growth(old, middle, end, is_known=False), (start, middle)]


def unhex(texts):
    return [bytes.fromhex(text) for text in texts]


def leaves_of(vector):
    return [leaf_hash(data) for data in unhex(vector["leaves_hex"])]


def check(vector):
    kind = vector["kind"]
    if kind == "leaf_hash":
        found = leaf_hash(bytes.fromhex(vector["data_hex"])).hex()
        return found == vector["hash"]
    if kind == "node_hash":
        sides = unhex([vector["left_hex"], vector["right_hex"]])
        return node_hash(*sides).hex() == vector["hash"]
    if kind == "tree_roots":
        tree = leaves_of(vector)
        found = {str(n): root(tree[:n]).hex() for n in range(len(tree) + 1)}
        return found == vector["roots"]
    return check_proof(vector, leaves_of(vector)[: vector["size"]])


def check_proof(vector, tree):
    proof, top = unhex(vector["proof"]), bytes.fromhex(vector["root"])
    if vector["kind"] == "inclusion":
        index, size = vector["index"], vector["size"]
        leaf = bytes.fromhex(vector["leaf_hash"])
        is_ours = inclusion_proof(index, tree) == proof
        return is_ours and verify_inclusion(leaf, index, size, proof, top)
    old_size, old = vector["old_size"], bytes.fromhex(vector["old_root"])
    is_ours = consistency_proof(old_size, tree) == proof
    return is_ours and verify_consistency(old_size, vector["size"], old, top, proof)


@pytest.mark.parametrize("vector", TREE.values(), ids=lambda v: v["id"])
def test_vector(vector):
    assert check(vector)


@vectors.needs_shared
def test_every_shared_vector():
    kinds = ["leaf_hash", "node_hash", "tree_roots", "inclusion", "consistency"]
    found = vectors.shared(*kinds)
    assert len(found) == 8
    assert [vector["id"] for vector in found if not check(vector)] == []


def test_roots_are_those_of_the_slow_definition():
    found = [root(HASHES[:size]) for size in range(MOST + 1)]
    assert found == [slow_root(0, size) for size in range(MOST + 1)]


def test_every_inclusion_proof_is_that_of_the_slow_definition_and_verifies():
    for size in range(1, MOST + 1):
        for index in range(size):
            ranges = inclusion_ranges(index, size)
            proof = [slow_root(*one) for one in ranges]
            assert ranges == slow_path(index, 0, size)
            assert verify_inclusion(
                HASHES[index], index, size, proof, slow_root(0, size)
            )


def test_every_consistency_proof_is_that_of_the_slow_definition_and_verifies():
    for size in range(1, MOST + 1):
        for old in range(1, size + 1):
            ranges = consistency_ranges(old, size)
            proof = [slow_root(*one) for one in ranges]
            assert ranges == slow_growth(old, 0, size, is_known=True)
            assert verify_consistency(
                old, size, slow_root(0, old), slow_root(0, size), proof
            )


@given(st.data())
def test_proofs_hold_the_roots_of_their_ranges(data):
    size = data.draw(st.integers(1, MOST))
    index = data.draw(st.integers(0, size - 1))
    assert inclusion_proof(index, HASHES[:size]) == [
        slow_root(*one) for one in slow_path(index, 0, size)
    ]
    assert consistency_proof(index + 1, HASHES[:size]) == [
        slow_root(*one) for one in slow_growth(index + 1, 0, size, is_known=True)
    ]


def test_frontier_has_the_root_of_every_size():
    frontier = Frontier()
    found = [frontier.root()]
    for hashed in HASHES:
        frontier.append(hashed)
        found.append(frontier.root())
    assert found == [slow_root(0, size) for size in range(MOST + 1)]


@given(st.integers(0, MOST), st.integers(0, MOST))
def test_frontier_goes_on_from_its_peaks(before, after):
    peaks = [
        slow_root(index << height, (index + 1) << height)
        for height, index in complete_subtrees(0, before)
    ]
    frontier = Frontier(before, peaks)
    for hashed in HASHES[before:after]:
        frontier.append(hashed)
    size = max(before, after)
    assert (frontier.size, frontier.root()) == (size, slow_root(0, size))


@pytest.mark.parametrize(
    ("size", "peaks"), [(1, []), (3, [bytes(32)]), (-1, []), (1, [bytes(31)])]
)
def test_frontier_refuses_peaks_that_do_not_make_its_size(size, peaks):
    with pytest.raises(ValueError, match="peak"):
        Frontier(size, peaks)


def test_frontier_refuses_what_is_no_hash():
    with pytest.raises(ValueError, match="32 bytes"):
        Frontier().append(bytes(33))


def test_complete_subtrees_fold_to_the_root_of_their_range():
    for start, end in consistency_ranges(77, MOST):
        parts = [
            slow_root(index << height, (index + 1) << height)
            for height, index in complete_subtrees(start, end)
        ]
        assert fold(parts) == slow_root(start, end)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_inclusion_proof_of_no_leaf_is_refused(index, size):
    with pytest.raises(ValueError, match="there is no leaf"):
        inclusion_proof(index, HASHES[:size])


@pytest.mark.parametrize("old", [-1, 6])
def test_consistency_proof_from_no_earlier_tree_is_refused(old):
    with pytest.raises(ValueError, match="does not begin with"):
        consistency_proof(old, HASHES[:5])


# The must-reject cases N01 to N05.


def flip(value, bit=0):
    return bytes([value[0] ^ (1 << bit)]) + value[1:]


INCLUSION = TREE["S05"]
LEAF, PROOF = bytes.fromhex(INCLUSION["leaf_hash"]), unhex(INCLUSION["proof"])
TOP = bytes.fromhex(INCLUSION["root"])
WRONG_INCLUSION = {
    "index 4": (LEAF, 4, 7, PROOF, TOP),
    "index beyond": (LEAF, 7, 7, PROOF, TOP),
    "index below": (LEAF, -1, 7, PROOF, TOP),
    "other root": (LEAF, 5, 7, PROOF, EMPTY_ROOT),
    "other leaf": (EMPTY_ROOT, 5, 7, PROOF, TOP),
    "dropped first": (LEAF, 5, 7, PROOF[1:], TOP),
    "dropped last": (LEAF, 5, 7, PROOF[:-1], TOP),
    "added": (LEAF, 5, 7, [*PROOF, EMPTY_ROOT], TOP),
    "flipped": (LEAF, 5, 7, [flip(PROOF[0]), *PROOF[1:]], TOP),
    "no proof": (LEAF, 5, 7, [], TOP),
    "size 0": (LEAF, 0, 0, [], LEAF),
    "short leaf": (LEAF[:31], 5, 7, PROOF, TOP),
    "long root": (LEAF, 5, 7, PROOF, TOP + b"\0"),
    "short proof hash": (LEAF, 5, 7, [PROOF[0][:31], *PROOF[1:]], TOP),
    "size 8 of S06": (
        bytes.fromhex(TREE["S06"]["leaf_hash"]),
        6,
        8,
        unhex(TREE["S06"]["proof"]),
        TOP,
    ),
}


@pytest.mark.parametrize("name", WRONG_INCLUSION)
def test_verify_inclusion_rejects(name):
    assert not verify_inclusion(*WRONG_INCLUSION[name])


GROWTH = TREE["S07"]
OLD, NEW = bytes.fromhex(GROWTH["old_root"]), bytes.fromhex(GROWTH["root"])
GROWN = unhex(GROWTH["proof"])
WRONG_CONSISTENCY = {
    "old root is the new root": (6, 8, NEW, NEW, GROWN),
    "truncated": (6, 8, OLD, NEW, GROWN[:-1]),
    "extra hash": (6, 8, OLD, NEW, [*GROWN, EMPTY_ROOT]),
    "sizes swapped": (8, 6, OLD, NEW, GROWN),
    "no proof": (6, 8, OLD, NEW, []),
    "flipped": (6, 8, OLD, NEW, [flip(GROWN[0]), *GROWN[1:]]),
    "old size below 0": (-1, 8, OLD, NEW, GROWN),
    "from nothing with a proof": (0, 8, EMPTY_ROOT, NEW, GROWN),
    "from nothing with another root": (0, 8, OLD, NEW, []),
    "same size with a proof": (8, 8, NEW, NEW, GROWN),
    "same size with another root": (8, 8, OLD, NEW, []),
    "short old root": (6, 8, OLD[:31], NEW, GROWN),
    "short new root": (6, 8, OLD, NEW[:31], GROWN),
    "long proof hash": (6, 8, OLD, NEW, [GROWN[0] + b"\0", *GROWN[1:]]),
}


@pytest.mark.parametrize("name", WRONG_CONSISTENCY)
def test_verify_consistency_rejects(name):
    assert verify_consistency(6, 8, OLD, NEW, GROWN)
    assert not verify_consistency(*WRONG_CONSISTENCY[name])


def test_every_tree_begins_with_nothing():
    assert verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert verify_consistency(0, 8, EMPTY_ROOT, NEW, [])


@settings(deadline=None)
@given(hashes, sizes, sizes, st.lists(hashes | st.binary(max_size=40), max_size=9))
def test_verifying_never_raises_and_rejects_what_was_drawn(value, one, other, proof):
    assert not verify_inclusion(value, one, other, proof, NEW)
    assert not verify_consistency(one, other, value, NEW, [*proof, value])


@settings(deadline=None)
@given(st.data())
def test_one_changed_bit_breaks_an_inclusion_proof(data):
    size = data.draw(st.integers(2, MOST))
    index = data.draw(st.integers(0, size - 1))
    proof = [slow_root(*one) for one in inclusion_ranges(index, size)]
    place = data.draw(st.integers(0, len(proof) - 1))
    proof[place] = flip(proof[place], data.draw(st.integers(0, 7)))
    top = slow_root(0, size)
    assert not verify_inclusion(HASHES[index], index, size, proof, top)


def test_largest_size_fits_other_implementations():
    assert merkle.MAX_SIZE.bit_length() == 63
