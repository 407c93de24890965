r"""Tell what a file is from its first bytes, and give it a name that harms nobody.

What the sender claims is never believed: neither the type nor the name.

>>> sniff(b"%PDF-1.7 ...")
'application/pdf'
>>> safe_filename("..\\..\\weights/eval log.txt\n")
'eval log.txt'
"""

import json
import re
import unicodedata

SNIFFED_BYTES = 4096
MAX_FILENAME_BYTES = 180
UNKNOWN = "application/octet-stream"
FALLBACK_NAME = "attachment"

# (where the mark stands, the mark, the type)
_MARKS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
)
# Control characters that text holds: tab, newline, form feed, return, escape.
_TEXT_CONTROLS = frozenset("\t\n\f\r\x1b")
_NOT_IN_NAMES = re.compile(r'[<>:"|?*]')
_UTF8_MAX_TAIL = 3
# Only asked of a document that the cut has left without its end.
_JSON_BEGINNING = re.compile(r'\s*(\{\s*["}]|\[\s*([\[{"\d-]|true|false|null))')


def sniff(head: bytes) -> str:
    """Return the media type that the first bytes (at most 4096) speak for."""
    for offset, mark, media_type in _MARKS:
        if head[offset : offset + len(mark)] == mark:
            return media_type
    text = _as_text(head)
    if text is None:
        return UNKNOWN
    return "application/json" if _looks_like_json(text) else "text/plain"


def safe_filename(name: str) -> str:
    """Return the last part of the name without what a file system or a header minds."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    # Category C: controls, direction marks that hide an extension, surrogates.
    kept = "".join(char for char in last if unicodedata.category(char)[0] != "C")
    cleaned = _NOT_IN_NAMES.sub("_", kept).strip(" .")
    return _shortened(cleaned) or FALLBACK_NAME


def _as_text(head: bytes) -> str | None:
    """Decode UTF-8, allowing for a character that the cut at 4096 bytes has split."""
    tails = range(_UTF8_MAX_TAIL + 1) if len(head) >= SNIFFED_BYTES else range(1)
    for tail in tails:
        try:
            text = head[: len(head) - tail].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return text if all(map(_is_text, text)) else None
    return None


def _is_text(char: str) -> bool:
    return char in _TEXT_CONTROLS or unicodedata.category(char) != "Cc"


def _looks_like_json(text: str) -> bool:
    stripped = text.lstrip("\ufeff")
    if len(text.encode()) > SNIFFED_BYTES - _UTF8_MAX_TAIL:
        return _JSON_BEGINNING.match(stripped) is not None
    if not stripped.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(stripped)
    except (json.JSONDecodeError, RecursionError):
        return False
    return True


def _shortened(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 20:  # noqa: PLR2004 - no extension is so long
        stem, dot, extension = name, "", ""
    room = MAX_FILENAME_BYTES - len((dot + extension).encode())
    cut = stem.encode()[:room].decode("utf-8", errors="ignore")
    return cut + dot + extension
