"""The attacks of the threat table that a bundle can carry, and what finds each.

Rows 19 and 20 are of the database; its tests stand with the record and its roles.
"""

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from incidents.ledger.bundle import Attachment
from incidents.ledger.bundle_parts import Entry, write_line
from incidents.ledger.canonical import disclose, format_at, leaf_bytes
from incidents.ledger.checkpoint import Checkpoint, cosign
from incidents.ledger.merkle import leaf_hash
from incidents.ledger.note import parse_note, write_note
from incidents.ledger.policy import parse_policy
from incidents.ledger.verify.continued import Pinned
from incidents.ledger.vkey import KeyType, signing_key
from tests.incidents.ledger.simulated_log import (
    AGENCY,
    LAB,
    LOG_KEY,
    ORIGIN,
    OTHER_STREAM,
    POLICY_TEXT,
    START,
    STREAM,
    Logged,
    SimulatedLog,
    moment,
    small_log,
)
from tests.incidents.ledger.verify.verifying import (
    detector_of,
    files_of,
    packed,
    repacked,
    verdict_on,
)

LOG = small_log()
INDEXES = [line.index for line in LOG.lines()]  # of the stream's four entries
PHOTO = b"not really a photo"


def other_leaf(logged):
    """Return the entry's leaf as if it had been recorded an hour before."""
    return logged.leaf.replace(b"-23T15:", b"-23T14:")


def edited(log, index=INDEXES[1]):
    branch = log.branch()
    branch.replace(index, leaf=other_leaf(log.entries[index]))
    return branch


def resigned(log, *, witnesses=()):
    """Return a bundle under a head that the operator signed anew."""
    note = log.note(*log.cosigned[-1], witnesses=witnesses)
    return replace(log.bundle(), head=note, earlier=())


def edits_a_row():
    lines = list(LOG.lines())
    lines[1] = replace(lines[1], leaf=other_leaf(LOG.entries[lines[1].index]))
    return LOG.bundle(lines=lines)


def edits_a_content():
    lines = list(LOG.lines())
    text, _ = disclose("text", "Nothing happened")
    lines[1] = replace(lines[1], disclosed={**lines[1].disclosed, "text": text})
    return LOG.bundle(lines=lines)


def edits_row_and_tree():
    return replace(edited(LOG).bundle(), head=LOG.bundle().head)


def edits_row_and_tree_with_all_witnesses():
    return replace(edited(LOG).bundle(), earlier=LOG.bundle().earlier)


def deletes_an_entry():
    lines = list(LOG.lines())
    return LOG.bundle(lines=[*lines[:1], *lines[2:]])


def deletes_and_renumbers():
    log = SimulatedLog()
    for line in (LOG.entries[INDEXES[0]], LOG.entries[INDEXES[2]]):
        log.happen(fields={"text": line.leaf.decode()})
    log.write_heads()
    return resigned(log)


def swaps_places():
    lines = list(LOG.lines())
    return LOG.bundle(lines=[lines[1], lines[0], *lines[2:]])


def seals_in_another_order():
    entries = [LOG.entries[index] for index in INDEXES[:2]]
    log = SimulatedLog()
    for one in reversed(entries):
        log.seal(one)
    log.cosign()
    log.seal(entries[1])
    log.entries.pop()  # the list counts entry 2 as the last
    log.tree = type(log.tree)(leaf_hash(one.leaf) for one in log.entries)
    log.write_heads()
    return log.bundle(lines=sorted(log.lines(), key=lambda line: -line.index))


def puts_in_an_entry_that_follows_none():
    log = small_log()
    leaf = leaf_bytes(
        at=format_at(moment(log.now)),
        commit={},
        prev=bytes([9]) * 32,
        seq=5,
        stream=STREAM,
        type="incident.commented",
    )
    log.seal(Logged(STREAM, 5, leaf, {}))
    log.cosign()
    log.write_heads()
    return log.bundle()


def truncates_and_signs_anew():
    log = SimulatedLog()
    log.happen()
    log.write_heads()
    return resigned(log)


def leaves_out_the_last_entry():
    return LOG.bundle(lines=list(LOG.lines())[:-1])


def leaves_out_the_list_of_heads():
    return LOG.bundle(lines=list(LOG.lines())[:-1], completeness=None)


def leaves_out_the_end_by_an_old_list():
    log = small_log()
    log.wait(1200)
    log.happen("incident.reopened", {})
    return log.bundle(lines=list(log.lines())[:-1])


def counted_ahead(*, has_earlier_heads=True):
    """Return a bundle whose list of heads claims to be of the next hour."""
    log = SimulatedLog()
    log.happen(stream=OTHER_STREAM)
    log.happen()
    log.write_heads(at=log.now + 3600)
    log.wait(3600)
    log.happen("incident.reopened", {})
    bundle = log.bundle(lines=list(log.lines())[:-1])
    if has_earlier_heads:
        return bundle
    return replace(bundle, earlier=list(log.earlier(log.size))[:1])


def back_dated(*, has_heartbeats=True):
    log = SimulatedLog()
    log.happen()
    log.happen()
    if has_heartbeats:
        log.wait(3600)
    else:
        log.now += 3600
    log.happen(at=log.now - 3000)
    log.write_heads()
    return log.bundle(lines=list(log.lines())[1:], from_seq=2)


def post_dated():
    log = SimulatedLog()
    log.happen(stream=OTHER_STREAM)
    log.happen(at=START + 3600)
    log.write_heads()
    return log.bundle()


def shows_another_branch():
    branch = LOG.branch()
    branch.happen()
    branch.write_heads()
    return resigned(branch, witnesses=[LAB])


def signs_with_a_stolen_key():
    return resigned(edited(LOG))


def signs_with_another_key():
    key = signing_key(ORIGIN, KeyType.LOG, bytes([8]) * 32)
    note = LOG.note(*LOG.cosigned[-1], keys=[key])
    return replace(LOG.bundle(), head=note)


def shows_another_log():
    key = signing_key("log.example/2", KeyType.LOG, bytes([8]) * 32)
    note = LOG.note(*LOG.cosigned[-1], keys=[key])
    return replace(LOG.bundle(), head=note)


def two_entries_of_one_number():
    log = small_log()
    last = log.entries[INDEXES[-1]]
    log.seal(replace(last, leaf=other_leaf(last)))
    log.cosign()
    return log


def shows_both_of_one_number():
    return two_entries_of_one_number().bundle()


def shows_the_one_that_is_not_counted():
    log = two_entries_of_one_number()
    log.now += 60
    log.write_heads()
    return log.bundle(lines=list(log.lines())[:-1])


def with_photo(log=None):
    log = log or small_log()
    named = {"name": "photo.jpg", "size": len(PHOTO), "sha256": hash_of(PHOTO)}
    log.happen(fields={"attachments": [named]})
    log.write_heads()
    photo = Attachment(named["sha256"], len(PHOTO), [PHOTO])
    return log.bundle(attachments=[photo])


def hash_of(data):
    return sha256(data).hexdigest()


def swaps_an_attachment():
    files = files_of(packed(with_photo()))
    files[f"attachments/{hash_of(PHOTO)}"] = b"another photo"
    return repacked(files)


def adds_an_attachment():
    cat = b"a cat"
    return replace(with_photo(), attachments=[Attachment(hash_of(cat), 5, [cat])])


def swaps_disclosures():
    lines = list(LOG.lines())
    lines[1] = replace(lines[1], disclosed=lines[2].disclosed | {"actor": "x"})
    return LOG.bundle(lines=lines)


def leaves_out_a_disclosure():
    lines = list(LOG.lines())
    lines[1] = replace(lines[1], disclosed={})
    return LOG.bundle(lines=lines)


def seals_another_spelling():
    log = SimulatedLog()
    log.append()
    logged = log.entries[0]
    log.replace(0, leaf=json.dumps(json.loads(logged.leaf)).encode())
    log.cosign()
    log.write_heads()
    return log.bundle()


def changes_a_file_and_not_the_list():
    file = packed(LOG.bundle(documents={"README.txt": b"Trust nobody\n"}))
    files = files_of(file)
    files["README.txt"] = b"Trust the op\n"
    return repacked(files, manifest=files["MANIFEST.json"])


def adds_a_file_that_is_not_listed():
    files = files_of(packed(LOG.bundle()))
    manifest = files["MANIFEST.json"]
    return repacked(files | {"notes.txt": b"Hello"}, manifest=manifest)


def swaps_the_proofs():
    files = files_of(packed(LOG.bundle()))
    header = b"c2sp.org/tlog-proof@v1\n"
    _, first, second, *rest = files["proofs.txt"].split(header)
    proofs = [b"", second, first, *rest]
    return repacked(files | {"proofs.txt": header.join(proofs)})


def withholds_as_erased():
    lines = list(LOG.lines())
    lines[2] = replace(lines[2], disclosed={}, withheld={"text": "erased"})
    return LOG.bundle(lines=lines)


def withholds_as_erased_before_it_was():
    log = SimulatedLog()
    erased = {"stream": str(STREAM), "seq": 2, "field": "text"}
    log.happen("disclosure.erased", {"body": {"erased": [erased]}})
    log.happen()
    log.write_heads()
    first, second = log.lines()
    return log.bundle(
        lines=[first, replace(second, disclosed={}, withheld={"text": "erased"})]
    )


def shows_a_line_of_another_stream():
    lines = list(LOG.lines())
    part = LOG.bundle(stream=OTHER_STREAM).completeness
    return LOG.bundle(lines=lines[:2], completeness=part)


def shows_entries_of_another_stream():
    lines = [*LOG.lines(OTHER_STREAM), *list(LOG.lines())[2:]]
    return LOG.bundle(lines=lines)


# The row of the threat table, the attack, the module that finds it, and how it says so.
ATTACKS = [
    (1, edits_a_row, "entries", "INCLUSION"),
    (2, edits_a_content, "entries", "DISCLOSURE"),
    (3, edits_row_and_tree, "heads", "FORK"),
    (3, edits_row_and_tree_with_all_witnesses, "heads", "FORK"),
    (4, deletes_an_entry, "entries", "SEQ_GAP"),
    (4, deletes_and_renumbers, "heads", "CP_QUORUM"),
    (4, swaps_places, "entries", "SEQ_GAP"),
    (4, seals_in_another_order, "entries", "ORDER"),
    (4, puts_in_an_entry_that_follows_none, "entries", "PREV"),
    (5, truncates_and_signs_anew, "heads", "CP_QUORUM"),
    (7, leaves_out_the_last_entry, "entries", "INCOMPLETE"),
    (7, leaves_out_the_list_of_heads, "completeness", "INCOMPLETE"),
    (7, leaves_out_the_end_by_an_old_list, "check", "INCOMPLETE"),
    (7, counted_ahead, "check", "INCOMPLETE"),
    (
        7,
        lambda: counted_ahead(has_earlier_heads=False),
        "times",
        "COUNT_WIDE TIME_WIDE",
    ),
    (7, shows_a_line_of_another_stream, "completeness", "INCOMPLETE"),
    (8, shows_entries_of_another_stream, "entries", "STREAM"),
    (9, back_dated, "times", "BACKDATED"),
    (9, lambda: back_dated(has_heartbeats=False), "times", "TIME_WIDE"),
    (10, post_dated, "times", "POSTDATED"),
    (12, shows_another_branch, "heads", "CP_QUORUM"),
    (14, signs_with_a_stolen_key, "heads", "CP_QUORUM"),
    (15, signs_with_another_key, "heads", "CP_LOGSIG"),
    (15, shows_another_log, "heads", "CP_ORIGIN"),
    (16, shows_both_of_one_number, "entries", "SEQ_GAP"),
    (16, shows_the_one_that_is_not_counted, "entries", "FORK"),
    (17, swaps_an_attachment, "attachments", "ATTACHMENT"),
    (17, adds_an_attachment, "attachments", "ATTACHMENT"),
    (17, swaps_disclosures, "entries", "DISCLOSURE"),
    (17, leaves_out_a_disclosure, "entries", "DISCLOSURE"),
    (17, seals_another_spelling, "entries", "LEAF_NOT_CANONICAL"),
    (17, changes_a_file_and_not_the_list, "parts", "MANIFEST_HASH"),
    (17, adds_a_file_that_is_not_listed, "parts", "MANIFEST"),
    (17, swaps_the_proofs, "entries", "PROOF"),
    (18, withholds_as_erased, "entries", "ERASED_UNLOGGED"),
    (18, withholds_as_erased_before_it_was, "entries", "ERASED_UNLOGGED"),
]


@pytest.mark.parametrize(
    ("attack", "detector", "code"),
    [
        pytest.param(attack, detector, code, id=f"{row}-{attack.__name__}")
        for row, attack, detector, code in ATTACKS
    ],
)
def test_attack_is_found(attack, detector, code):
    bundle = attack()
    assert (detector_of(bundle), verdict_on(bundle)) == (detector, code)


def test_honest_bundles_are_verified():
    assert [verdict_on(LOG.bundle()), verdict_on(with_photo())] == ["VERIFIED"] * 2


def test_restored_backup_or_replayed_head_is_found_by_who_has_seen_more():
    """Rows 6 and 13; without a state nothing but the age of the head shows it."""
    later = LOG.branch()
    later.happen()
    pinned = Pinned(Checkpoint(ORIGIN, later.size, later.tree.root(later.size)))
    assert verdict_on(LOG.bundle(), pinned=[pinned]) == "ROLLBACK"
    assert verdict_on(LOG.bundle()) == "VERIFIED"


def test_second_branch_is_found_by_who_has_seen_the_first():
    """Row 12, with every witness in it."""
    branch = edited(LOG)
    pinned = Checkpoint(ORIGIN, 5, branch.tree.root(5))
    assert verdict_on(LOG.bundle(), pinned=[Pinned(pinned)]) == "FORK"


def test_log_that_is_not_connected_to_what_was_seen_is_refused():
    pinned = Checkpoint(ORIGIN, 5, LOG.tree.root(5))
    bundle = replace(LOG.bundle(), earlier=())
    assert verdict_on(bundle, pinned=[Pinned(pinned)]) == "UNCONNECTED"
    proof = LOG.tree.consistency(5, LOG.size)
    assert verdict_on(bundle, pinned=[Pinned(pinned, proof)]) == "TIME_WIDE"


def test_false_line_of_a_known_witness_spoils_the_head():
    forged = replace(AGENCY, sign=signing_key("x", KeyType.LOG, bytes([9]) * 32).sign)
    note = LOG.note(*LOG.cosigned[-1], witnesses=[forged, LAB])
    assert verdict_on(replace(LOG.bundle(), head=note)) == "CP_WITNESS"


def test_heads_are_signed_by_both_keys_while_one_is_replaced():
    new = signing_key(ORIGIN, KeyType.LOG, bytes([7]) * 32)
    note = LOG.note(*LOG.cosigned[-1], keys=[LOG_KEY, new])
    new_policy = POLICY_TEXT.replace(LOG_KEY.public.vkey(), new.public.vkey())
    bundle = replace(LOG.bundle(), head=note, earlier=())
    assert verdict_on(bundle) == "TIME_WIDE"
    assert verdict_on(bundle, policy=parse_policy(new_policy)) == "TIME_WIDE"


def test_witness_that_is_away_does_not_widen_the_times():
    """A heartbeat holds its old line beside the new ones of those that are enough."""
    body = signing_key("body.example/w", KeyType.WITNESS, bytes([4]) * 32)
    line = f"witness body {body.public.vkey()}\n"
    policy = parse_policy(
        POLICY_TEXT.replace("group", line + "group").replace("all", "2 body")
    )
    heads = list(LOG.earlier(LOG.size))
    checkpoint = Checkpoint(ORIGIN, 5, LOG.tree.root(5))
    old = cosign(checkpoint, body, time=START + 90)
    last = write_note(parse_note(heads[4].last).with_signature(old))
    bundle = LOG.bundle(earlier=[*heads[:4], replace(heads[4], last=last), *heads[5:]])
    heard = []
    verdict_on(bundle, policy=policy, listen=lambda _, bounds: heard.append(bounds))
    assert heard[-1] == (START + 700, START + 706)


def test_earlier_head_that_too_few_saw_bounds_no_time():
    heads = [replace(head, last="") for head in LOG.earlier(LOG.size)]
    heads[1] = replace(heads[1], first=LOG.note(2, START + 25, witnesses=[LAB]))
    assert verdict_on(LOG.bundle(earlier=heads[:2])) == "TIME_WIDE"


@pytest.mark.parametrize(
    "said",
    [
        lambda erased: {"basis": "GDPR 17", "erased": erased},
        lambda erased: {"body": {"basis": "GDPR 17", "erased": erased}},
        lambda erased: {"body": {"basis": "GDPR 17"}, "erased": erased},
    ],
)
def test_logged_erasure_is_verified(said):
    log = SimulatedLog()
    log.happen(stream=OTHER_STREAM)
    index = log.happen()
    erased = [{"stream": str(STREAM), "seq": 1, "field": "text"}]
    log.happen("disclosure.erased", said(erased), stream=OTHER_STREAM)
    log.write_heads()
    line = Entry(index, log.entries[index].leaf, {}, {"text": "erased"})
    logged = Entry(2, log.entries[2].leaf, log.entries[2].disclosed)
    bundle = log.bundle(lines=[line], erasures=log.proved([logged], log.size))
    assert verdict_on(bundle) == "VERIFIED"


def test_line_that_is_not_canonical_is_refused():
    files = files_of(packed(LOG.bundle()))
    line = write_line(next(LOG.lines()))
    loose = line.replace(b'"index":1', b'"index": 1')
    entries = files["entries.jsonl"].replace(line, loose)
    assert verdict_on(repacked(files | {"entries.jsonl": entries})) == "FORM"
