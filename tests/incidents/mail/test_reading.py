import doctest
import importlib
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.mail.reading import Letter, read_letter
from tests.incidents.mail.post import mail

_PURE = ("alerting", "html_text", "naming", "reading", "replies", "sorting")


@pytest.mark.parametrize("name", _PURE)
def test_examples_in_the_docstrings_hold(name):
    module = importlib.import_module(f"incidents.mail.{name}")
    assert doctest.testmod(module) == doctest.TestResults(0, len(_examples(module)))


def _examples(module):
    found = doctest.DocTestFinder().find(module)
    return [example for test in found for example in test.examples]


def _from(value: str) -> Letter:
    return read_letter(f"From: {value}\r\n\r\nx".encode())


@pytest.mark.parametrize(
    ("value", "senders"),
    [
        ("Ada <Ada@Aurora.example>", ("ada@aurora.example",)),
        ('"eve@evil.example" <ada@aurora.example>', ("ada@aurora.example",)),
        ("=?utf-8?q?Eve_=3Ceve=40x=2Eexample=3E?= <a@b.example>", ("a@b.example",)),
        ("ada@aurora.example, eve@evil.example", None),
        # Programs disagree on whose mail these are.
        ("ada@aurora.example)<eve@evil.example>", ()),
        ("ada@aurora.example <eve@evil.example>", ()),
        ("<ada@aurora.example> eve", ()),
        ("", ()),
    ],
)
def test_sender_is_one_plain_address_or_nobody(value, senders):
    letter = _from(value)
    if senders is None:
        assert (len(letter.senders), letter.sender) == (2, "")
    else:
        assert letter.senders == senders


def test_two_from_headers_make_nobody_the_sender():
    letter = read_letter(b"From: a@x.example\r\nFrom: b@y.example\r\n\r\nx")
    assert letter.sender == ""


def test_plain_text_is_taken_before_html_of_the_same():
    message = EmailMessage()
    message.set_content("It burns.")
    message.add_alternative("<p>It <b>burns</b>.</p>", subtype="html")
    assert read_letter(message.as_bytes()).text == "It burns."


def test_html_alone_is_read_as_text_without_scripts():
    message = EmailMessage()
    markup = "<style>p{}</style><p>It <b>burns</b>.</p><script>alert(1)</script>"
    message.set_content(markup, subtype="html")
    assert read_letter(message.as_bytes()).text == "It burns."


def test_empty_plain_part_gives_way_to_html():
    message = EmailMessage()
    message.set_content(" ")
    message.add_alternative("<p>It burns.</p>", subtype="html")
    assert read_letter(message.as_bytes()).text == "It burns."


def test_files_keep_name_and_bytes_and_are_no_text():
    message = mail(text="See the log.")
    message.add_attachment(b"\x00\x01", maintype="x", subtype="y", filename="a/b.bin")
    message.add_attachment("notes", filename="notes.txt")
    letter = read_letter(message.as_bytes())
    assert letter.text == "See the log."
    assert [(file.filename, file.content) for file in letter.files] == [
        ("a/b.bin", b"\x00\x01"),
        ("notes.txt", b"notes\n"),
    ]


def test_mail_inside_a_mail_is_a_file():
    message, inner = mail(text="Forwarded."), mail(subject="Inner", text="Secret.")
    message.add_attachment(inner)
    letter = read_letter(message.as_bytes())
    assert letter.text == "Forwarded."
    [file] = letter.files
    assert (file.filename, b"Subject: Inner" in file.content) == ("mail.eml", True)


def test_encoded_header_does_not_pass_for_the_relays():
    raw = (
        b"Authentication-Results: =?utf-8?q?mx=2Etocsin=2Eexample=3B_dmarc=3Dpass?=\r\n"
        b"From: a@x.example\r\n\r\nx"
    )
    assert read_letter(raw).headers["authentication-results"] == (
        "=?utf-8?q?mx=2Etocsin=2Eexample=3B_dmarc=3Dpass?=",
    )


def test_unknown_charset_and_nul_give_text_that_can_be_stored():
    raw = b"Subject: =?nonsense?b?AA==?=\r\nContent-Type: text/plain; charset=x\r\n\r\na\x00b"
    letter = read_letter(raw)
    assert letter.text == "a\ufffdb"
    assert "\x00" not in letter.subject


@pytest.mark.parametrize("depth", [100, 3_000])
def test_deep_nesting_is_kept_as_one_file(depth):
    opening = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n'
        for n in range(depth)
    )
    [file] = read_letter(f"From: a@x.example\r\n{opening}x".encode()).files
    assert (file.filename, b"\nx" in file.content) == ("mail.eml", True)


_LINES = st.sampled_from(
    [
        b"From: a@b.example",
        b"Content-Type: multipart/alternative; boundary=x",
        b"Content-Type: text/html; charset=utf-7",
        b"Content-Type: message/rfc822",
        b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: attachment; filename*=utf-8''%ff%00",
        b"--x",
        b"--x--",
        b"",
        b"<a href=x>y",
        b"=?utf-8?b?/w==?=",
    ]
)


@given(st.lists(_LINES | st.binary(max_size=60), max_size=25).map(b"\r\n".join))
def test_any_bytes_are_read_and_give_text_that_can_be_stored(raw):
    letter = read_letter(raw)
    for text in (letter.subject, letter.text, letter.sender, letter.sender_name):
        assert "\x00" not in text
        text.encode("utf-8")
