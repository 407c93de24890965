"""Whatever is changed in a bundle: it is refused, or says the same as before."""

import io

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.ledger.verify.check import verify_bundle
from incidents.ledger.verify.verdict import Rejected
from tests.incidents.ledger.simulated_log import POLICY, small_log
from tests.incidents.ledger.verify.verifying import (
    MANIFEST,
    files_of,
    packed,
    repacked,
)

DATA = packed(small_log().bundle(documents={"README.txt": b"Read me\n"})).getvalue()
FILES = files_of(io.BytesIO(DATA))
EVIDENCE = sorted(FILES.keys() - {MANIFEST, "README.txt"})


def heard(file):
    """Return all that a verified bundle says, None for one that is refused."""
    entries = []
    try:
        outcome = verify_bundle(
            file, POLICY, listen=lambda entry, bounds: entries.append((entry, bounds))
        )
    except Rejected:
        return None
    return outcome.checkpoint, outcome.complete_to, outcome.seen, entries


TRUTH = heard(io.BytesIO(DATA))


def is_harmless(name, content):
    """Whether a bundle with this file is refused, or says what it said."""
    said = heard(repacked(FILES | {name: content}))
    if said is None or name != "checkpoints.jsonl":
        return said in (None, TRUTH)
    # Earlier heads may be left out: then times are bounded less closely.
    *facts, entries = said
    return facts == list(TRUTH[:-1]) and all(
        entry == true and is_wider(bounds, true_bounds)
        for (entry, bounds), (true, true_bounds) in zip(entries, TRUTH[-1], strict=True)
    )


def is_wider(bounds, others):
    (lower, upper), (other_lower, other_upper) = bounds, others
    return (lower or 0) <= other_lower and upper >= other_upper


def test_the_bundle_itself_is_verified():
    assert len(TRUTH[-1]) == 4


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(DATA) - 1), st.integers(0, 7))
def test_no_flipped_bit_changes_what_is_said(place, bit):
    changed = bytearray(DATA)
    changed[place] ^= 1 << bit
    assert heard(io.BytesIO(bytes(changed))) in (None, TRUTH)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(DATA)), st.binary(max_size=40), st.integers(0, 40))
def test_no_piece_put_in_changes_what_is_said(place, piece, cut):
    changed = DATA[:place] + piece + DATA[place + cut :]
    assert heard(io.BytesIO(changed)) in (None, TRUTH)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(EVIDENCE), st.data())
def test_no_change_under_a_list_that_fits_it_changes_what_is_said(name, data):
    """Who changes a file can write the list of files anew; nothing signs that."""
    content = bytearray(FILES[name])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    assert is_harmless(name, bytes(content))


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(EVIDENCE), st.binary(max_size=300))
def test_no_file_of_anything_is_stumbled_over(name, content):
    assert is_harmless(name, content)
