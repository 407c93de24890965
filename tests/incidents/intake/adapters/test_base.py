import pytest

from incidents.intake.adapters import base
from incidents.intake.adapters.base import (
    MAX_LABELS,
    clean_labels,
    fingerprint_of,
    key_of,
    many_lines,
    one_line,
    safe_url,
    severity_word,
    shown,
)


def test_one_line_has_no_break_control_or_direction_character():
    text = "a\r\nb\x00c\u2028d\u202ee\ud800f\x1bg\x85h"
    assert one_line(text) == "a bc defg h"


def test_one_line_is_cut_with_a_sign():
    assert one_line("x" * 300) == "x" * 199 + "…"


def test_many_lines_keeps_breaks_and_tabs():
    assert many_lines("a\r\nb\rc\n\td\x00\x07") == "a\nb\nc\n\td"


def test_many_lines_is_cut_to_four_thousand():
    assert len(many_lines("x" * 9_000)) == 4_000


def test_clean_labels_are_few_short_and_text():
    labels = {f"n{i:03}": "v" for i in range(100)}
    assert list(clean_labels(labels)) == sorted(labels)[:MAX_LABELS]
    assert clean_labels({"a\n": 1, "b": None, "c": "x" * 600, "\x00": "gone"}) == {
        "a": "1",
        "b": "",
        "c": "x" * 511 + "…",
    }


def test_key_of_keeps_short_clean_keys_and_hashes_others():
    assert key_of("am", "x") == "am:x"
    hashed = [key_of("am", "x" * 400), key_of("am", "a\nb"), key_of("am", "\ud800")]
    assert [key[:7] for key in hashed] == ["sha256:"] * 3
    assert len(set(hashed)) == 3


def test_fingerprint_of_tells_names_from_values():
    assert fingerprint_of({"a": "b", "c": "d"}) == fingerprint_of({"c": "d", "a": "b"})
    assert fingerprint_of({"a": "b,c"}) != fingerprint_of({"a": "b", "c": ""})


@pytest.mark.parametrize(
    "value",
    [
        "javascript:alert(1)",
        "localhost:3000/x",
        "//host/x",
        "http://",
        "http://[bad",
        "https://a.example/\nX",
        "https://a.example/ x",
        "ftp://a.example",
        "https://user:secret@a.example/",
        "https://a.example/" + "x" * 2_000,
        None,
        7,
    ],
)
def test_safe_url_skips_what_is_no_web_address(value):
    assert safe_url(value) == ""
    assert safe_url(value, "https://a.example/b") == "https://a.example/b"


def test_severity_word_is_unknown_for_other_types():
    assert [severity_word(v) for v in (None, {}, 7, " HIGH ", "P1")] == [
        "unknown",
        "unknown",
        "unknown",
        "high",
        "critical",
    ]


def test_first_text_skips_what_shows_nothing():
    assert base.first_text(None, "", " ", "\x00", [], "a\x00") == "a\x00"
    assert base.first_text(0, "b") == "0"
    assert base.first_text() == ""


def test_read_state_takes_the_word_in_any_case():
    assert base.read_state(" Down ", {"down": 1, "up": 2}, field="state") == 1


def test_read_state_names_the_words_that_it_knows():
    with pytest.raises(base.Unreadable) as caught:
        base.read_state(["down"], {"down": 1, "up": 2}, field="state")
    assert str(caught.value) == "state: found a list of 1; send one of down, up"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "nothing"),
        ({"a": 1}, "an object with 1 keys"),
        ([1, 2], "a list of 2"),
        (b"\xff\x00abc", '"\ufffdabc"'),
        (" ", "an empty value"),
        (7, '"7"'),
        ("a\nb", '"a b"'),
    ],
)
def test_shown_is_short_and_on_one_line(value, expected):
    assert shown(value) == expected
