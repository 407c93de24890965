"""Row 22 of the threat table: bundles that are built to mislead or to choke."""

import io
import stat
import struct
import zlib
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest

from incidents.ledger.verify.archive import Archive
from incidents.ledger.verify.parts import Parts
from incidents.ledger.verify.verdict import Rejected
from tests.incidents.ledger.simulated_log import small_log
from tests.incidents.ledger.verify.verifying import (
    files_of,
    packed,
    repacked,
    verdict_on,
)

END_BYTES = 22


def zipped(files=(("a.txt", b"Hello " * 50), ("b.txt", b"x")), **info):
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, data in files:
            one = ZipInfo(name)
            one.compress_type = ZIP_DEFLATED
            for key, value in info.items():
                setattr(one, key, value)
            archive.writestr(one, data)
    return out.getvalue()


def read(data):
    archive = Archive(io.BytesIO(data))
    return {name: b"".join(archive.chunks(name)) for name in archive.members}


def patched(data, at, form, *values):
    changed = bytearray(data)
    struct.pack_into(form, changed, at, *values)
    return bytes(changed)


def directory_of(data):
    return struct.unpack_from("<L", data, len(data) - 6)[0]


def refuses(data):
    with pytest.raises(Rejected) as error:
        read(data)
    return f"{error.value.code.name}: {error.value.detail}"


def test_plain_archive_is_read():
    assert read(zipped()) == {"a.txt": b"Hello " * 50, "b.txt": b"x"}


def test_empty_archive_is_read():
    assert read(zipped(files=())) == {}


def test_member_above_what_a_short_header_holds_is_read():
    out = io.BytesIO()
    archive = ZipFile(out, "w", ZIP_STORED)
    with archive.open(ZipInfo("a.txt"), "w", force_zip64=True) as member:
        member.write(b"long")
    archive.close()
    # The local header has the longer form; the directory does not need it.
    assert read(out.getvalue()) == {"a.txt": b"long"}


def test_longer_end_record_is_read():
    data = zipped()
    at = directory_of(data)
    length = len(data) - END_BYTES - at
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 2, 2, length, at)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(data) - END_BYTES, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *[0xFFFF] * 2, *[2**32 - 1] * 2, 0)
    long = data[:-END_BYTES] + end64 + locator + end
    assert read(long) == read(data)
    lying = patched(long, len(data) - END_BYTES + 48, "<Q", at + 1)
    assert refuses(lying) == "ARCHIVE: the directory is not at the end of the file"


@pytest.mark.parametrize(
    "name",
    [
        "../a.txt",
        "/a.txt",
        "a/../../b",
        "a..b",
        "C:a.txt",
        "a\\b.txt",
        "a b.txt",
        "a/b/c.txt",
        "a/",
        "é.txt",
    ],
)
def test_name_that_leads_elsewhere_is_refused(name):
    assert refuses(zipped([(name, b"x")])).endswith("is not a safe name of a file")


def test_name_that_another_system_takes_for_the_same_is_refused():
    data = zipped([("a.txt", b"x"), ("A.txt", b"y")])
    assert refuses(data) == "ARCHIVE: A.txt is there twice"


def test_link_is_refused():
    data = zipped([("a.txt", b"/etc/passwd")], external_attr=stat.S_IFLNK << 16)
    assert refuses(data) == "ARCHIVE: b'a.txt' is a link or a folder"


def test_other_packing_is_refused():
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_BZIP2) as archive:
        archive.writestr("a.txt", b"x")
    assert refuses(out.getvalue()).endswith("is encrypted or packed in another way")


def test_encrypted_member_is_refused():
    data = zipped()
    flagged = patched(data, directory_of(data) + 8, "<H", 1)
    assert refuses(flagged).endswith("is encrypted or packed in another way")


@pytest.mark.parametrize(
    ("at", "form", "value"),
    [(6, "<H", 0x800), (8, "<H", 0), (14, "<L", 1), (18, "<L", 1), (22, "<L", 1)],
)
def test_local_header_that_says_something_else_is_refused(at, form, value):
    data = patched(zipped(), at, form, value)
    assert refuses(data) == "ARCHIVE: a file's own header contradicts the directory"


def test_other_name_in_the_local_header_is_refused():
    data = zipped().replace(b"a.txt", b"z.txt", 1)
    assert refuses(data) == "ARCHIVE: a file's own header contradicts the directory"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "the file is too short for a zip file"),
        (zipped() + b"x", "the file does not end as a zip file in one part"),
        (b"x" + zipped(), "the directory is not at the end of the file"),
        (zipped()[:-1], "the file does not end as a zip file in one part"),
    ],
)
def test_something_around_the_archive_is_refused(data, why):
    assert refuses(data) == f"ARCHIVE: {why}"


def test_something_hidden_before_the_directory_is_refused():
    data = zipped()
    at = directory_of(data)
    hiding = data[:at] + b"hidden" + data[at:-6] + struct.pack("<LH", at + 6, 0)
    assert refuses(hiding) == "ARCHIVE: something hides before the directory"


def test_members_that_overlap_are_refused():
    data = zipped([("a.txt", b"x"), ("b.txt", b"x")])
    second = data.index(b"PK\1\2", directory_of(data) + 4)
    overlapping = patched(data, second + 42, "<L", 0)
    assert refuses(overlapping) == (
        "ARCHIVE: files overlap, or something hides between them"
    )


@pytest.mark.parametrize("count", [1, 3])
def test_directory_that_counts_wrongly_is_refused(count):
    data = zipped()
    wrong = patched(data, len(data) - END_BYTES + 8, "<2H", count, count)
    assert refuses(wrong).startswith("ARCHIVE: the directory holds ")


def test_absurd_count_is_refused():
    data = zipped()
    wrong = patched(data, len(data) - END_BYTES + 8, "<2H", 60_000, 60_000)
    assert refuses(wrong) == "TOO_LARGE: a bundle has at most 50000 files"


def test_member_that_unpacks_to_more_than_it_says_is_stopped():
    bomb = zlib.compress(bytes(50_000_000), 9)[2:-4]
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as archive:
        archive.writestr(ZipInfo("a.txt"), bomb)
    data = out.getvalue()
    listed = directory_of(data)
    for at in (8, listed + 10):
        data = patched(data, at, "<H", ZIP_DEFLATED)
    for at in (22, listed + 24):
        data = patched(data, at, "<L", 10)
    assert refuses(data) == "ARCHIVE: a.txt is damaged, or larger than it says"


def test_damaged_member_is_refused():
    data = bytearray(zipped([("a.txt", b"Hello")]))
    data[36] ^= 0x10
    assert refuses(bytes(data)).startswith("ARCHIVE: a.txt")


BUNDLE = packed(small_log().bundle())


def test_bundle_that_unpacks_to_too_much_is_refused():
    with pytest.raises(Rejected) as error:
        Parts(BUNDLE, max_bytes=1000)
    assert error.value.code.name == "TOO_LARGE"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"entries.jsonl": None}, "MANIFEST"),
        ({"proofs.txt": None}, "MANIFEST"),
        ({"proofs.txt": b""}, "PROOF"),
        ({"proofs.txt": b"c2sp.org/tlog-proof@v1\n"}, "PROOF"),
        ({"proofs.txt": b"another\n" * 9}, "PROOF"),
        ({"checkpoints.jsonl": b"{}\n"}, "FORM"),
        ({"checkpoints.jsonl": b"{}"}, "FORM"),
        ({"checkpoint.txt": b"nothing\n"}, "CP_FORMAT"),
        ({"entries.jsonl": b"\n"}, "FORM"),
        ({"entries.jsonl": b""}, "INCOMPLETE"),
        ({"completeness.json": b"{}"}, "INCOMPLETE"),
        ({"erasures.jsonl": b"{}\n"}, "FORM"),
        ({"MANIFEST.json": b"[]"}, "MANIFEST"),
        ({"MANIFEST.json": b'{"format":"other"}'}, "MANIFEST"),
        ({"NUL.txt": b"x"}, "MANIFEST"),
        ({"run.exe": b"x"}, "MANIFEST"),
        ({"attachments/x.exe": b"x"}, "ATTACHMENT"),
    ],
)
def test_bundle_of_other_parts_is_refused(changed, code):
    files = files_of(BUNDLE) | changed
    files = {name: data for name, data in files.items() if data is not None}
    manifest = changed.get("MANIFEST.json")
    assert verdict_on(repacked(files, manifest=manifest)) == code
