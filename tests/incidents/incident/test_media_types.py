import json

import pytest

from incidents.incident.media_types import SNIFFED_BYTES, safe_filename, sniff


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"GIF89a\x01\x00", "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"PK\x03\x04\x14\x00", "application/zip"),
        (b"\x1f\x8b\x08\x00", "application/gzip"),
        (b'{"a": [1, 2]}', "application/json"),
        (b"[]\n", "application/json"),
        (b"[note] not json", "text/plain"),
        (b"[" * 4000, "text/plain"),
        ("Größe, 測定\n".encode(), "text/plain"),
        (b"<html><script>", "text/plain"),
        (b"\xff", "application/octet-stream"),
        (b"text\x00more", "application/octet-stream"),
        (b"\x7fELF\x02\x01", "application/octet-stream"),
    ],
)
def test_type_is_told_by_the_bytes(head, media_type):
    assert sniff(head) == media_type


def test_text_whose_last_character_is_cut_is_still_text():
    assert sniff(("x" + "測" * SNIFFED_BYTES).encode()[:SNIFFED_BYTES]) == "text/plain"


def test_a_long_json_document_is_known_by_its_beginning():
    document = json.dumps({"rows": ["x" * 50] * 500}).encode()
    assert sniff(document[:SNIFFED_BYTES]) == "application/json"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\secret\\plan.txt", "plan.txt"),
        ("a\r\nX-Header: b.txt", "aX-Header_ b.txt"),
        ("invoice\u202etxt.exe", "invoicetxt.exe"),
        ("   ..  ", "attachment"),
        ("", "attachment"),
        (".env", "env"),
        ("données.csv", "données.csv"),
    ],
)
def test_a_name_is_made_harmless(name, safe):
    assert safe_filename(name) == safe


def test_a_long_name_keeps_its_extension_and_fits():
    name = safe_filename("é" * 300 + ".tar.gz")
    assert name.endswith(".gz")
    assert 170 < len(name.encode()) <= 180
