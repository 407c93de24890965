import json
import string
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.ledger.canonical import (
    GENESIS,
    MAX_INTEGER,
    NotCanonical,
    canonical_json,
    digest_of,
    disclose,
    format_at,
    leaf_bytes,
    open_disclosure,
    parse_canonical,
    parse_leaf,
)
from incidents.ledger.merkle import leaf_hash

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors/ledger_leaf.json").read_text("utf-8")
)
ENTRIES = {entry["id"]: entry for entry in VECTORS["entries"]}
STREAM = UUID("7f3d0c52-6a41-4b0e-9d55-0c2a1e9b4f10")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text(string.ascii_letters + string.digits + "_-. ", max_size=12)
scalars = st.one_of(texts, st.booleans(), st.integers(0, MAX_INTEGER))
documents = st.dictionaries(
    names,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner),
        max_leaves=12,
    ),
    max_size=6,
)


def entry_leaf(entry):
    return leaf_bytes(
        at=entry["at"],
        commit={name: field["digest"] for name, field in entry["fields"].items()},
        prev=bytes.fromhex(entry["prev"]),
        seq=entry["seq"],
        stream=UUID(entry["stream"]),
        type=entry["type"],
    )


def slow_canonical(value):
    """Write the profile by hand, member by member."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(slow_character(char) for char in value) + '"'
    if isinstance(value, list):
        return "[" + ",".join(map(slow_canonical, value)) + "]"
    ordered = sorted(value, key=lambda key: key.encode("utf-16-be"))
    members = (f"{slow_canonical(key)}:{slow_canonical(value[key])}" for key in ordered)
    return "{" + ",".join(members) + "}"


def slow_character(char):
    short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f"}
    short |= {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return short.get(char) or (f"\\u{ord(char):04x}" if char < " " else char)


@pytest.mark.parametrize("vector", VECTORS["leaf_hashes"], ids=lambda v: v["id"])
def test_leaf_hash_matches_published_vector(vector):
    assert leaf_hash(bytes.fromhex(vector["data_hex"])).hex() == vector["leaf_hash"]


@pytest.mark.parametrize("vector", VECTORS["disclosures"], ids=lambda v: v["id"])
def test_published_disclosure_opens_and_has_published_digest(vector):
    assert digest_of(vector["disclosure"]) == vector["digest"]
    assert open_disclosure(vector["disclosure"]) == (vector["name"], vector["value"])


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda e: e["id"])
def test_disclosures_match_vector(entry):
    made = {
        name: disclose(name, field["value"], salt=bytes.fromhex(field["salt"]))
        for name, field in entry["fields"].items()
    }
    assert made == {
        name: (field["disclosure"], field["digest"])
        for name, field in entry["fields"].items()
    }


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda e: e["id"])
def test_leaf_matches_vector(entry):
    leaf = entry_leaf(entry)
    assert leaf.decode() == entry["leaf"]
    assert leaf_hash(leaf).hex() == entry["leaf_hash"]


def test_parse_leaf_returns_what_was_written():
    leaf = parse_leaf(ENTRIES["S12"]["leaf"].encode())
    assert (leaf.seq, leaf.stream, leaf.type) == (2, STREAM, "notification.sent")
    assert leaf.prev.hex() == ENTRIES["S11"]["leaf_hash"]
    assert sorted(leaf.commit) == ["channel", "recipient"]


LEAF = ENTRIES["S11"]["leaf"]
BAD_LEAVES = {
    "spaces": json.dumps(json.loads(LEAF), sort_keys=True),
    "other key order": json.dumps(
        dict(reversed(json.loads(LEAF).items())), separators=(",", ":")
    ),
    "duplicate key": LEAF.replace('"v":1', '"v":1,"v":1'),
    "float version": LEAF.replace('"v":1', '"v":1.0'),
    "true version": LEAF.replace('"v":1', '"v":true'),
    "version 2": LEAF.replace('"v":1', '"v":2'),
    "extra key": LEAF.replace('"v":1', '"v":1,"w":1'),
    "missing key": LEAF.replace('"seq":1,', ""),
    "at without milliseconds": LEAF.replace("05.123Z", "05Z"),
    "at is no moment": LEAF.replace("2026-11-23T15", "2026-11-31T15"),
    "at with offset": LEAF.replace("05.123Z", "05.123+00:00"),
    "upper case stream": LEAF.replace("7f3d0c52", "7F3D0C52"),
    "stream is not a uuid": LEAF.replace("7f3d0c52", "7g3d0c52"),
    "upper case prev": LEAF.replace('"prev":"00', '"prev":"AA'),
    "prev not hex": LEAF.replace('"prev":"00', '"prev":"zz'),
    "short prev": LEAF.replace('"prev":"00', '"prev":"'),
    "first entry with a predecessor": LEAF.replace('"prev":"00', '"prev":"aa'),
    "seq 2 without a predecessor": LEAF.replace('"seq":1', '"seq":2'),
    "seq 0": LEAF.replace('"seq":1', '"seq":0'),
    "seq true": LEAF.replace('"seq":1', '"seq":true'),
    "seq text": LEAF.replace('"seq":1', '"seq":"1"'),
    "commit list": LEAF.replace(LEAF[LEAF.index("{", 1) : LEAF.index("}") + 1], "[]"),
    "digest too short": LEAF.replace("GiyaF1u", "GiyaF1"),
    "digest with surplus bits": LEAF.replace("teFi68", "teFi69"),
    "commit name": LEAF.replace('"actor"', '"Actor"'),
    "type": LEAF.replace("incident.reported", "incident"),
    "not an object": "[]",
    "not JSON": LEAF[:-1],
    "too long": json.dumps("x" * 70_000),
}


@pytest.mark.parametrize("name", BAD_LEAVES)
def test_parse_leaf_rejects(name):
    assert BAD_LEAVES[name] != LEAF
    with pytest.raises(NotCanonical):
        parse_leaf(BAD_LEAVES[name].encode())


def test_disclosure_of_another_entry_has_another_digest():
    other = ENTRIES["S12"]["fields"]["channel"]["disclosure"]
    assert digest_of(other) not in parse_leaf(LEAF.encode()).commit.values()


def test_opened_disclosure_names_its_own_field():
    text = ENTRIES["S11"]["fields"]["actor"]["disclosure"]
    assert open_disclosure(text)[0] == "actor"


@pytest.mark.parametrize(
    "inner",
    [
        '["c2hvcnQ","actor","x"]',
        '["AAAAAAAAAAAAAAAAAAAAAA==","actor","x"]',
        '["AAAAAAAAAAAAAAAAAAAAAB","actor","x"]',
        '["AAAAAAAAAAAAAAAAAAAAAA","Actor","x"]',
        '["AAAAAAAAAAAAAAAAAAAAAA","actor",1.5]',
        '["AAAAAAAAAAAAAAAAAAAAAA","actor",null]',
        '["AAAAAAAAAAAAAAAAAAAAAA","actor",NaN]',
        '["AAAAAAAAAAAAAAAAAAAAAA","actor",{"a":1,"a":1}]',
        '["AAAAAAAAAAAAAAAAAAAAAA","actor"]',
        '["AAAAAAAAAAAAAAAAAAAAAA",1,"x"]',
        '{"a":1}',
        "[",
        "[" * 100_000,
    ],
)
def test_open_disclosure_rejects_what_is_inside(inner):

    with pytest.raises(NotCanonical):
        open_disclosure(urlsafe_b64encode(inner.encode()).rstrip(b"=").decode())


@pytest.mark.parametrize("text", ["", "a", "WyJh=", "Wy Jh", "WyJh\n", "é", "WyJ+/w"])
def test_open_disclosure_rejects_other_spellings(text):
    with pytest.raises(NotCanonical):
        open_disclosure(text)


def test_disclose_refuses_a_short_salt():
    with pytest.raises(NotCanonical, match="at least 16 bytes"):
        disclose("actor", "x", salt=bytes(15))


def test_disclose_uses_a_new_salt_each_time():
    assert disclose("actor", "x")[1] != disclose("actor", "x")[1]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": {"b": None}}, "body.a.b: null is not allowed; leave the field out"),
        ({"a": [1, 0.5]}, "body.a[1]: a float is not allowed"),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, "body.at: datetime is not a JSON"),
        ({"n": -1}, "body.n: an integer must be from 0 to 2**53 - 1"),
        ({"n": 2**53}, "body.n: an integer must be from 0 to 2**53 - 1"),
        ({"é": 1}, "body: the key 'é' is not ASCII text"),
        ({1: 1}, "body: the key 1 is not ASCII text"),
        (["\ud800"], "body[0]: the text holds half a surrogate pair"),
    ],
)
def test_disclose_names_the_path_of_what_it_refuses(value, message):
    with pytest.raises(NotCanonical) as caught:
        disclose("body", value)
    assert str(caught.value).startswith(message)


def test_canonical_json_refuses_endless_nesting():
    value = []
    for _ in range(10_000):
        value = [value]
    with pytest.raises(NotCanonical, match="nested deeper than 32 levels"):
        canonical_json(value)


@settings(deadline=None)
@given(documents)
def test_canonical_json_equals_slow_reference(document):
    assert canonical_json(document).decode() == slow_canonical(document)


@settings(deadline=None)
@given(documents)
def test_parse_canonical_gives_back_the_document(document):
    assert parse_canonical(canonical_json(document)) == document


@settings(deadline=None)
@given(st.binary(max_size=60) | documents.map(lambda d: json.dumps(d).encode()))
def test_parse_canonical_accepts_only_its_own_bytes(data):
    try:
        document = parse_canonical(data)
    except NotCanonical:
        return
    assert canonical_json(document) == data


@settings(deadline=None)
@given(st.sampled_from(["actor", "body", "x_1"]), documents)
def test_open_disclosure_gives_back_what_was_disclosed(name, value):
    text, digest = disclose(name, value)
    assert open_disclosure(text) == (name, value)
    assert digest_of(text) == digest


@settings(deadline=None)
@given(texts | st.binary(max_size=80).map(lambda b: b.decode("latin-1")))
def test_open_disclosure_raises_only_not_canonical(text):
    with pytest.raises(NotCanonical):
        open_disclosure(text)


def test_leaf_of_the_first_entry_has_the_genesis_as_prev():
    made = {"at": "2026-01-01T00:00:00.000Z", "commit": {}}
    made |= {"stream": STREAM, "type": "a.b"}
    assert parse_leaf(leaf_bytes(**made, prev=GENESIS, seq=1)).prev == GENESIS
    with pytest.raises(NotCanonical, match="only entry 1 follows"):
        leaf_bytes(**made, prev=GENESIS, seq=2)


def test_leaf_over_the_entry_limit_is_refused():
    digest = ENTRIES["S11"]["fields"]["actor"]["digest"]
    commit = {f"field_{n}": digest for n in range(1_200)}
    with pytest.raises(NotCanonical, match="at most 65535 bytes"):
        leaf_bytes(
            at="2026-01-01T00:00:00.000Z",
            commit=commit,
            prev=GENESIS,
            seq=1,
            stream=STREAM,
            type="a.b",
        )


def test_format_at_cuts_off_below_the_millisecond_and_is_utc():
    east = timezone(timedelta(hours=5, minutes=30))
    moment = datetime(2026, 11, 24, 1, 0, 0, 999_999, tzinfo=east)
    assert format_at(moment) == "2026-11-23T19:30:00.999Z"
    assert format_at(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"


def test_format_at_refuses_a_moment_without_zone():
    with pytest.raises(NotCanonical, match="time zone"):
        format_at(datetime(2026, 1, 1))  # noqa: DTZ001 (what is refused)
