import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.ledger.note import (
    BadNote,
    NoKnownSignature,
    Note,
    Signature,
    WrongSignature,
    parse_note,
    sign_text,
    verify_note,
    write_note,
)
from incidents.ledger.vkey import KeyType, parse_vkey, signing_key
from tests.incidents.ledger import vectors

NOTES = vectors.own("ledger_notes")
SIMPLE, LOG, WITNESS = NOTES["S09"], NOTES["S13"], NOTES["S14"]
LOG_KEY, WITNESS_KEY = parse_vkey(LOG["log_vkey"]), parse_vkey(WITNESS["witness_vkey"])
BOTH = (LOG_KEY, WITNESS_KEY)
S13, S14 = LOG["note"], WITNESS["note"]
LOG_LINE, WITNESS_LINE = S14.split("\n\n")[1].splitlines(keepends=True)
STRANGER = signing_key("stranger.example", KeyType.LOG, bytes(32))


def names(data, keys):
    return [key.name for key in verify_note(parse_note(data), keys)]


def check(vector):
    """Open a vector's note with its keys; tell whether all of them signed."""
    if vector["kind"] == "signed_note":
        keys = [parse_vkey(text) for text in vector["vkeys"]]
    elif vector["kind"] == "checkpoint":
        keys = [parse_vkey(vector["log_vkey"])]
    else:
        keys = [parse_vkey(vector["witness_vkey"])]
    note = parse_note(vector["note"].encode())
    is_same = write_note(note) == vector["note"]
    return is_same and [*verify_note(note, keys)] == keys


@pytest.mark.parametrize("vector", [SIMPLE, LOG, WITNESS], ids=lambda v: v["id"])
def test_note_of_the_vectors_opens_and_is_written_the_same(vector):
    assert check(vector)


@vectors.needs_shared
def test_every_shared_note():
    found = vectors.shared("signed_note", "checkpoint", "cosignature")
    assert len(found) == 3
    assert [vector["id"] for vector in found if not check(vector)] == []


def test_text_of_a_note_keeps_its_last_newline():
    assert parse_note(SIMPLE["note"].encode()).text == SIMPLE["text"]


def test_signing_gives_the_line_of_the_vector():
    key = signing_key(LOG["origin"], KeyType.LOG, bytes.fromhex(LOG["log_seed_hex"]))
    note = Note(LOG["text"], (sign_text(LOG["text"], key),))
    assert write_note(note).encode().hex() == LOG["note_hex"]


def test_witness_does_not_sign_plain_text():
    key = signing_key("w.example", KeyType.WITNESS, bytes(32))
    with pytest.raises(ValueError, match="does not sign plain text"):
        sign_text("a\n", key)


def test_text_may_hold_blank_lines():
    text = "a\n\nb\n\n"
    note = Note(text, (sign_text(text, STRANGER),))
    assert parse_note(write_note(note)) == note
    assert names(write_note(note), [STRANGER.public]) == ["stranger.example"]


# N06: what other implementations read in different ways.
MALFORMED = {
    "CRLF": S13.replace("\n", "\r\n"),
    "one CR": S13.replace("5\n", "5\r\n"),
    "no final newline": S13[:-1],
    "two final newlines": S13 + "\n",
    "no blank line": S13.replace("\n\n", "\n"),
    "no signature": S13.split("\n\n")[0] + "\n\n",
    "only a text": "log.example/incidents\n",
    "empty": "",
    "hyphen": S13.replace("—", "-"),
    "two hyphens": S13.replace("—", "--"),
    "en dash": S13.replace("—", "\N{EN DASH}"),
    "no space after the dash": S13.replace("— ", "—"),
    "two spaces after the dash": S13.replace("— ", "—  "),
    "two spaces after the name": S13.replace("incidents u", "incidents  u"),
    "trailing space": S13[:-1] + " \n",
    "third word": S13[:-1] + " x\n",
    "tab in the text": S13.replace("5\n", "5\t\n"),
    "NUL in the text": S13.replace("5\n", "5\0\n"),
    "unpadded": S13.replace("gA=\n", "gA\n"),
    "surplus bits": S13.replace("gA=\n", "gB=\n"),
    "url-safe": S13.replace("S2pSMXT7oTiJ", "S2pSMXT7oTi-"),
    "no signature after the id": S13.split("— ")[0] + "— a.example AAAAAA==\n",
    "plus in the name": S13.replace("— log", "— l+og"),
    "wide space in the name": S13.replace("— log", "— l\u2003og"),
    "no name": S13.replace("— log.example/incidents", "—"),
    "line of text below the signature": S13 + "x\n",
    "same line twice": S13 + LOG_LINE,
    "17 signatures": S13 + "".join(f"— w{n}.example AAAAAAAA\n" for n in range(16)),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_parse_note_refuses(name):
    assert MALFORMED[name] != S13
    with pytest.raises(BadNote):
        parse_note(MALFORMED[name].encode())


def test_two_lines_of_one_key_are_refused_even_when_they_differ():
    other = LOG_LINE.replace("uN1vnBEmmj", "uN1vnBEmmk")
    with pytest.raises(BadNote, match="one key"):
        parse_note((S13 + other).encode())


def test_16_signatures_are_read():
    more = "".join(f"— w{n}.example AAAAAAAA\n" for n in range(15))
    assert names((S13 + more).encode(), BOTH) == [LOG_KEY.name]


def test_note_that_is_not_utf8_or_too_long_is_refused():
    for data in (b"\xff" + S13.encode(), "\ud800" + S13, "a" * 1_000_000 + S13):
        with pytest.raises(BadNote):
            parse_note(data)


# N07: one known key fails.
def test_wrong_signature_of_a_known_key_spoils_the_note():
    broken = S14.replace("uN1vnBEmmj", "uN1vnBEmmk").encode()
    with pytest.raises(WrongSignature, match=r"log\.example"):
        verify_note(parse_note(broken), BOTH)
    assert names(broken, [WITNESS_KEY]) == [WITNESS_KEY.name]


def test_wrong_time_of_a_known_witness_spoils_the_note():
    broken = S14.replace("507IWQAAAABrBF", "507IWQAAAABrBE").encode()
    with pytest.raises(WrongSignature, match=r"witness\.agency"):
        verify_note(parse_note(broken), BOTH)


# N08: lines of unknown keys.
@pytest.mark.parametrize(
    "line",
    [
        sign_text("x\n", STRANGER).line(),
        Signature(LOG_KEY.name, b"abcd", bytes(64)).line(),
        Signature("other.example", LOG_KEY.id, bytes(64)).line(),
    ],
    ids=["unknown key", "same name, other id", "same id, other name"],
)
def test_line_of_an_unknown_key_is_ignored(line):
    found = names((S14 + line).encode(), BOTH)
    assert found == [LOG_KEY.name, WITNESS_KEY.name]


def test_note_by_nobody_known_is_refused():
    with pytest.raises(NoKnownSignature):
        verify_note(parse_note(S14.encode()), [STRANGER.public])
    with pytest.raises(NoKnownSignature):
        verify_note(parse_note(S14.encode()), [])


def test_new_signature_replaces_the_line_of_its_key():
    note = parse_note(S14.encode())
    fresh = Signature(WITNESS_KEY.name, WITNESS_KEY.id, bytes(72))
    again = note.with_signature(fresh)
    assert again.signatures == (note.signatures[0], fresh)
    assert again.with_signature(sign_text(note.text, STRANGER)).signatures[:2] == (
        again.signatures
    )


@pytest.mark.parametrize("text", ["a", "", "a\r\n", "\ud800\n"])
def test_write_note_refuses_a_text_that_nobody_reads_back(text):
    with pytest.raises(BadNote):
        write_note(Note(text, (Signature("a.example", b"abcd", b"x"),)))


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n")))
def test_what_is_signed_reads_back_and_verifies(text):
    note = Note(f"{text}\n", (sign_text(f"{text}\n", STRANGER),))
    again = parse_note(write_note(note))
    assert again == note
    assert [*verify_note(again, [STRANGER.public])] == [STRANGER.public]


@settings(deadline=None)
@given(st.data())
def test_no_other_bytes_than_the_note_are_believed(data):
    note = S14.encode()
    place = data.draw(st.integers(0, len(note) - 1))
    put = data.draw(st.binary(max_size=2))
    changed = note[:place] + put + note[place + 1 :]
    if changed == note:
        return
    try:
        verified = verify_note(parse_note(changed), BOTH)
    except BadNote:
        return
    # A line may have become a stranger's; what is still believed is unchanged.
    assert parse_note(changed).text == LOG["text"]
    assert len(verified) == 1
