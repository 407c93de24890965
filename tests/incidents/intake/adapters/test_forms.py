import doctest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.intake.adapters import forms
from incidents.intake.adapters.base import Unreadable

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
PARTS = {"content-type": "multipart/form-data; boundary=xyz"}


def test_examples_of_the_module_are_right():
    assert doctest.testmod(forms).failed == 0


def test_json_is_read_whatever_the_field():
    assert forms.read_body(b'{"a": 1}', headers={}, field="payload") == {"a": 1}


def test_part_of_a_multipart_form_is_read():
    body = (
        b'--xyz\r\nContent-Disposition: form-data; name="data"\r\n\r\n{"a": "\xc3\xa9"}\r\n'
        b"--xyz--\r\n"
    )
    assert forms.read_body(body, headers=PARTS, field="data") == {"a": "é"}


def test_parts_of_a_multipart_form_are_its_fields():
    body = (
        b'--x y\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; name="a"'
        b"\r\n\r\none\r\ntwo\r\n--x y--\r\n"
    ).replace(b"x y", b"xyz")
    assert forms.read_body(body, headers=PARTS) == {"a": "one\r\ntwo"}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"--", b"xyz", b"\r\n", b'; name="data"', b"{}", b"\xff"])
    ),
    st.sampled_from(["boundary=xyz", 'boundary="', "boundary=\u00e9", ""]),
)
def test_any_multipart_form_is_read_or_unreadable(pieces, parameter):
    headers = {"content-type": f"multipart/form-data; {parameter}"}
    try:
        found = forms.read_body(b"".join(pieces), headers=headers, field="data")
    except Unreadable:
        found = {}
    assert found == {}


@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        (
            b"a=1",
            FORM,
            "payload: found nothing; send this field of the form, with JSON in it",
        ),
        (
            b"--xyz--",
            PARTS,
            "payload: found nothing; send this field of the form, with JSON in it",
        ),
        (
            b"a=1&" * 600,
            FORM,
            f'body: found "{"a=1&" * 20}"; send a form of at most 500 fields',
        ),
    ],
)
def test_form_without_the_document_is_unreadable(body, headers, message):
    with pytest.raises(Unreadable) as caught:
        forms.read_body(body, headers=headers, field="payload")
    assert str(caught.value) == message
