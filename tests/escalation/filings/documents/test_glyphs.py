"""What the fonts can print is known beforehand, and the rest is shown by number."""

import re
import struct
from pathlib import Path

import pytest
import typst

from escalation.filings.documents.glyphs import (
    RANGES,
    Shown,
    is_right_to_left,
    show,
)

FAMILIES = ("Libertinus Serif", "DejaVu Sans Mono")
STYLES = ("Regular", "Book", "Bold")


@pytest.mark.parametrize(
    "text",
    ["plain", "Größe, naïve, œuvre", "Ωμέγα Жук", "שלום", "مرحب", "€ ✓ → ≤ \u2013 “x”"],
)
def test_printable_text_stays(text):
    assert show(text) == Shown(text, frozenset())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("漢", "[U+6F22]"),
        ("😀", "[U+1F600]"),
        ("\x00", "[U+0000]"),
        ("\u202e", "[U+202E]"),
        ("\u200b", "[U+200B]"),
        ("\ue000", "[U+E000]"),
        ("\U0010ffff", "[U+10FFFF]"),
        ("\ud800", "[U+D800]"),
    ],
)
def test_other_text_is_shown_by_number(text, shown):
    assert show(f"a{text}b") == Shown(f"a{shown}b", frozenset({text}))


def test_what_the_typesetter_misses_is_shown_by_number():
    assert show("a\u0301b", missing="\u0301x") == Shown(
        "a[U+0301]b", frozenset("\u0301")
    )


def test_joiners_of_persian_words_stay():
    assert show("می\u200cکنم").replaced == frozenset()


def test_ends_of_lines_become_line_feeds():
    assert show("a\r\nb\rc\u2028d\u2029e").text == "a\nb\nc\nd\ne"


def test_a_tab_becomes_spaces():
    assert show("a\tb").text == "a    b"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("abc שלום", False),
        ("שלום abc", True),
        ("123 (مرحب)", True),
        ("123 ...", False),
        ("", False),
    ],
)
def test_direction_is_that_of_the_first_letter(line, expected):
    assert is_right_to_left(line) is expected


def test_list_of_printable_characters_fits_the_fonts_of_the_typesetter():
    """With a newer typesetter: write the printed ranges into the file."""
    data = _library()
    found = [font for at in _font_starts(data) if (font := _font(data, at))]
    printable = set()
    for family in FAMILIES:
        cuts = [chars for name, _, chars in found if name == family]
        assert cuts
        printable |= set.intersection(*cuts)
    assert RANGES.read_text(encoding="ascii") == _written(printable)


def _library():
    folder = Path(typst.__file__).parent
    [library] = [
        p for p in folder.iterdir() if p.name.startswith("_typst") and p.is_file()
    ]
    return library.read_bytes()


def _font_starts(data):
    # A version, a number of tables, three figures to search by, the first table's tag.
    for version in (rb"OTTO", rb"\x00\x01\x00\x00"):
        head = version + rb"\x00[\x04-\x28].{6}[A-Za-z]{3}"
        yield from (match.start() for match in re.finditer(head, data, re.DOTALL))


def _font(data, at):
    """Return family, style and characters of the font that begins here, if one does."""
    tables = _tables(data, at)
    if not {b"cmap", b"name"} <= tables.keys():
        return None
    names = _names(data, tables[b"name"])
    family, style = names.get(16) or names.get(1), names.get(17) or names.get(2)
    if family not in FAMILIES or style not in STYLES:
        return None
    return family, style, _characters(data, tables[b"cmap"])


def _tables(data, at):
    count = struct.unpack_from(">H", data, at + 4)[0]
    if not 4 <= count <= 40:
        return {}
    rows = [struct.unpack_from(">4sIII", data, at + 12 + 16 * n) for n in range(count)]
    if not all(tag.isascii() and at + start < len(data) for tag, _, start, _ in rows):
        return {}
    return {tag: at + start for tag, _, start, _ in rows}


def _names(data, table):
    _, count, texts = struct.unpack_from(">HHH", data, table)
    rows = [struct.unpack_from(">6H", data, table + 6 + 12 * n) for n in range(count)]
    return {
        name: data[begin : begin + size].decode("utf-16-be")
        for platform, _, _, name, size, start in rows
        if platform == 3 and (begin := table + texts + start)
    }


def _characters(data, table):
    """Return what format 4 and format 12 of the table map to a glyph."""
    found = set()
    count = struct.unpack_from(">H", data, table + 2)[0]
    for n in range(count):
        start = table + struct.unpack_from(">4xI", data, table + 4 + 8 * n)[0]
        kind = struct.unpack_from(">H", data, start)[0]
        found |= {4: _format_4, 12: _format_12}.get(kind, lambda *_: set())(data, start)
    return found


def _format_12(data, start):
    count = struct.unpack_from(">I", data, start + 12)[0]
    groups = [
        struct.unpack_from(">III", data, start + 16 + 12 * n) for n in range(count)
    ]
    return {char for first, last, _ in groups for char in range(first, last + 1)}


def _format_4(data, start):
    count = struct.unpack_from(">H", data, start + 6)[0] // 2
    column = [
        struct.unpack_from(
            f">{count}H", data, start + 14 + 2 * count * n + (2 if n else 0)
        )
        for n in range(4)
    ]
    offsets = start + 16 + 6 * count
    found = set()
    for n, (last, first, delta, offset) in enumerate(zip(*column, strict=True)):
        for char in range(first, min(last, 0xFFFE) + 1):
            glyph = char
            if offset:
                place = offsets + 2 * n + offset + 2 * (char - first)
                glyph = struct.unpack_from(">H", data, place)[0]
            if (glyph or not offset) and (glyph + delta) & 0xFFFF:
                found.add(char)
    return found


def _written(characters):
    ranges = []
    for char in sorted(characters):
        if ranges and ranges[-1][1] == char - 1:
            ranges[-1][1] = char
        else:
            ranges.append([char, char])
    return "".join(f"{first:04X}-{last:04X}\n" for first, last in ranges)
