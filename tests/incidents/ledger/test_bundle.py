import hashlib
import io
import json
from dataclasses import replace
from zipfile import ZipFile

import pytest

from incidents.ledger.bundle import Attachment, write_bundle
from incidents.ledger.bundle_parts import (
    BadPart,
    EarlierHead,
    Entry,
    HiddenEntry,
    is_document,
    read_completeness,
    read_head,
    read_line,
    read_manifest,
    write_completeness,
    write_head,
    write_line,
)
from incidents.ledger.merkle import leaf_hash
from incidents.ledger.proof_file import parse_proof, verify_proof
from tests.incidents.ledger.simulated_log import (
    LOG_KEY,
    ORIGIN,
    OTHER_STREAM,
    POLICY,
    STREAM,
    small_log,
)

LOG = small_log()
PROOF_HEADER = b"c2sp.org/tlog-proof@v1\n"
PHOTO = b"not really a photo"
PHOTO_SHA256 = hashlib.sha256(PHOTO).hexdigest()


def _write(bundle):
    out = io.BytesIO()
    return out, write_bundle(out, bundle)


def test_bundle_holds_the_parts_of_its_form():
    photo = Attachment(PHOTO_SHA256, len(PHOTO), [PHOTO[:3], PHOTO[3:]])
    documents = {"README.txt": b"Read me\n"}
    out, _ = _write(
        LOG.bundle(
            attachments=[photo],
            documents=documents,
            stamps={7: b"stamp"},
        )
    )
    with ZipFile(out) as archive:
        assert archive.namelist() == [
            "README.txt",
            "checkpoint.txt",
            "checkpoints.jsonl",
            "entries.jsonl",
            "proofs.txt",
            "completeness.json",
            f"attachments/{PHOTO_SHA256}",
            "tsa/7.tsr",
            "MANIFEST.json",
        ]


def test_manifest_lists_each_file_with_its_hash():
    out, digest = _write(LOG.bundle())
    with ZipFile(out) as archive:
        data = archive.read("MANIFEST.json")
        manifest = read_manifest(data)
        others = sorted(set(archive.namelist()) - {"MANIFEST.json"})
        found = [hashlib.sha256(archive.read(path)).hexdigest() for path in others]
    assert digest == hashlib.sha256(data).hexdigest()
    assert (manifest.origin, manifest.stream, manifest.from_seq) == (ORIGIN, STREAM, 1)
    assert [one.path for one in manifest.files] == others
    assert [one.sha256 for one in manifest.files] == found


def test_earlier_heads_stand_there_as_first_and_as_last_cosigned():
    out, _ = _write(LOG.bundle())
    with ZipFile(out) as archive:
        lines = archive.read("checkpoints.jsonl").splitlines()
    heads = {head.size: head for head in map(read_head, lines)}
    assert list(heads) == [1, 2, 3, 4, 5, 6, 7]
    assert [size for size, head in heads.items() if head.last] == [5]
    assert heads[5].proof == LOG.tree.consistency(5, 7)


def test_each_proof_file_proves_its_entry_alone():
    out, _ = _write(LOG.bundle())
    keys = {"log_keys": [LOG_KEY.public], "witness_keys": POLICY.witness_keys}
    with ZipFile(out) as archive:
        entries = [read_line(one) for one in archive.read("entries.jsonl").splitlines()]
        _, *proofs = archive.read("proofs.txt").split(PROOF_HEADER)
    for entry, data in zip(entries, proofs, strict=True):
        proof = parse_proof(PROOF_HEADER + data)
        opened = verify_proof(proof, leaf_hash(entry.leaf), origin=ORIGIN, **keys)
        assert (proof.index, POLICY.is_met(opened.seen)) == (entry.index, True)


def test_entry_that_logs_an_erasure_elsewhere_has_its_proof_behind_the_others():
    elsewhere = list(LOG.proved(LOG.lines(OTHER_STREAM), LOG.size))
    out, _ = _write(LOG.bundle(erasures=elsewhere))
    with ZipFile(out) as archive:
        assert len(archive.read("erasures.jsonl").splitlines()) == 2
        assert archive.read("proofs.txt").split(PROOF_HEADER)[-1][:8] == b"index 3\n"


def test_same_values_give_the_same_bytes():
    first, _ = _write(LOG.bundle())
    second, _ = _write(LOG.bundle())
    assert first.getvalue() == second.getvalue()


@pytest.mark.parametrize(
    "name", ["../up.txt", "NUL.txt", "con.html", "a/b.txt", ".txt"]
)
def test_document_needs_a_name_that_is_safe_everywhere(name):
    assert not is_document(name)
    with pytest.raises(ValueError, match="is not a name for a document"):
        _write(LOG.bundle(documents={name: b""}))


def test_document_does_not_take_the_name_of_a_part():
    with pytest.raises(ValueError, match="is not a name for a document"):
        _write(LOG.bundle(documents={"MANIFEST.json": b"{}"}))


def test_attachment_must_be_what_it_says():
    with pytest.raises(ValueError, match="is something else"):
        _write(LOG.bundle(attachments=[Attachment(PHOTO_SHA256, 3, [b"cat"])]))


def test_file_is_not_given_twice():
    photo = Attachment(PHOTO_SHA256, len(PHOTO), [PHOTO])
    with pytest.raises(ValueError, match="is given twice"):
        _write(LOG.bundle(attachments=[photo, photo]))


@pytest.mark.parametrize(
    "line",
    [
        Entry(3, b"leaf", {"text": "abc"}, {"actor": "redacted:FOIA b6"}),
        Entry(0, b"leaf", {}, {"text": "erased"}),
        HiddenEntry(3, bytes(32), "Art. 5"),
    ],
)
def test_line_is_written_and_read(line):
    assert read_line(write_line(line)[:-1]) == line


@pytest.mark.parametrize(
    "line",
    [
        Entry(-1, b"leaf"),
        Entry(2**53, b"leaf"),
        Entry(1, b"leaf", {}, {"text": "lost"}),
        Entry(1, b"leaf", {}, {"text": "redacted:"}),
        Entry(1, b"leaf", {}, {"text": "redacted:\n"}),
        HiddenEntry(1, bytes(31), "FOIA"),
        HiddenEntry(1, bytes(32), ""),
    ],
)
def test_line_that_nobody_would_read_is_not_written(line):
    with pytest.raises(BadPart):
        write_line(line)


@pytest.mark.parametrize(
    "change",
    [
        {"index": True},
        {"leaf": "YQ"},
        {"leaf": 1},
        {"disclosed": []},
        {"disclosed": {"text": 1}},
        {"more": ""},
    ],
)
def test_line_of_another_form_is_refused(change):
    members = json.loads(write_line(Entry(3, b"leaf"))) | change
    data = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(BadPart):
        read_line(data)


def test_completeness_is_written_and_read():
    part = LOG.bundle().completeness
    assert read_completeness(write_completeness(part)) == part
    with pytest.raises(BadPart):
        write_completeness(replace(part, line_path=(b"short",)))


@pytest.mark.parametrize(
    "head",
    [
        EarlierHead(3, (bytes(32),), "note\n", "later note\n"),
        EarlierHead(0),
    ],
)
def test_earlier_head_is_written_and_read(head):
    assert read_head(write_head(head)[:-1]) == head


@pytest.mark.parametrize("head", [EarlierHead(-1), EarlierHead(3, (b"short",))])
def test_earlier_head_that_nobody_would_read_is_not_written(head):
    with pytest.raises(BadPart):
        write_head(head)
