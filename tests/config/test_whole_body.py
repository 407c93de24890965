from io import BytesIO

import pytest

from config.whole_body import CutShort, WholeBodies, WholeBody


def _read_by(size, data, announced):
    body, found = WholeBody(BytesIO(data), announced), b""
    while chunk := body.read(size):
        found += chunk
    return found


def test_a_whole_body_is_read_to_its_end():
    assert _read_by(3, b"0123456789", 10) == b"0123456789"
    assert WholeBody(BytesIO(b"0123"), 4).read() == b"0123"


def test_nothing_beyond_the_announced_length_is_read():
    assert _read_by(4, b"0123456789", 6) == b"012345"


def test_a_body_that_ends_early_is_an_error():
    with pytest.raises(CutShort, match="4 bytes of the body did not come"):
        _read_by(4, b"012345", 10)


def test_lines_are_read_within_the_announced_length():
    body = WholeBody(BytesIO(b"one\ntwo\nthree"), 9)
    assert [body.readline(), body.readline(2), body.readline()] == [
        b"one\n",
        b"tw",
        b"o\n",
    ]
    assert body.readline() == b"t"
    assert body.readline() == b""


def test_a_line_of_a_body_that_ended_early_is_an_error():
    body = WholeBody(BytesIO(b"one\n"), 9)
    assert body.readline() == b"one\n"
    with pytest.raises(CutShort):
        body.readline()


@pytest.mark.parametrize(
    ("announced", "seen"), [("4", b"0123"), ("", b"012345"), ("²", b"012345")]
)
def test_only_an_announced_length_is_held_to(announced, seen):
    def site(environ, _start_response):
        return [environ["wsgi.input"].read()]

    environ = {"CONTENT_LENGTH": announced, "wsgi.input": BytesIO(b"012345")}
    assert WholeBodies(site)(environ, lambda *_: None) == [seen]
