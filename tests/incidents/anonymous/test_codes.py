from hypothesis import given
from hypothesis import strategies as st

from incidents.anonymous.codes import (
    ALPHABET,
    CODE_BITS,
    derive_code,
    read_code,
    show_code,
)

CODES = st.binary(min_size=1, max_size=40).map(lambda number: derive_code(b"k", number))


def test_code_carries_at_least_128_bits():
    assert CODE_BITS >= 128
    assert len({derive_code(b"k", bytes([n])) for n in range(200)}) == 200


@given(CODES)
def test_code_is_read_however_it_is_typed(code: str):
    shown = show_code(code)
    typed = shown.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert (read_code(shown), read_code(typed), len(shown)) == (code, code, 34)


@given(CODES, st.integers(0, 27), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(code: str, at: int, char: str):
    wrong = code[:at] + char + code[at + 1 :]
    assert read_code(wrong) == (code if wrong == code else None)


@given(CODES, st.integers(0, 24))
def test_swapped_neighbours_are_noticed(code: str, at: int):
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    assert read_code(swapped) == (code if swapped == code else None)


@given(st.text(max_size=60))
def test_other_text_is_no_code(text: str):
    assert read_code(text) is None
