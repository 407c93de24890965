"""Names and reads the parts of an evidence bundle: the one place that knows their form.

    MANIFEST.json            canonical JSON: what the bundle is of, and every file
    checkpoint.txt           the head under which everything is proved
    checkpoints.jsonl        earlier heads as cosigned, each with the proof that the head
                             continues it: they bound the time of entries
    entries.jsonl            a line for each entry of the stream, in its order
    erasures.jsonl           likewise, entries of other streams that log an erasure
    continues.jsonl          likewise, entries that say which logs this one continues
    proofs.txt               a C2SP proof file for each of these entries, in their order,
                             one behind the other
    completeness.json        how far the stream goes, by a list of heads in the log
    attachments/<sha256>     files that entries name
    tsa/<size>.tsr           RFC 3161 time stamps of heads; other tools check them
    README.txt, report.html  and other words for people; no evidence

Lines and JSON files are canonical, so that one content has one spelling. Proofs of
neighbours and heads repeat each other: as one file they take a tenth of the room that
they take as many.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from incidents.ledger.canonical import (
    MAX_INTEGER,
    NotCanonical,
    canonical_json,
    parse_canonical,
)
from incidents.ledger.merkle import HASH_BYTES
from incidents.ledger.vkey import decode_base64

FORMAT: Final = "tocsin-evidence/1"
MANIFEST: Final = "MANIFEST.json"
CHECKPOINT: Final = "checkpoint.txt"
CHECKPOINTS: Final = "checkpoints.jsonl"
ENTRIES: Final = "entries.jsonl"
ERASURES: Final = "erasures.jsonl"
CONTINUES: Final = "continues.jsonl"
PROOFS: Final = "proofs.txt"
COMPLETENESS: Final = "completeness.json"
ERASED: Final = "erased"
REDACTED: Final = "redacted:"
# Fields of leaves that the verifier reads by their names.
ERASED_FIELD: Final = "erased"
HEADS_FIELD: Final = "heads"
MAX_PROOF: Final = 128

_HASH = re.compile(r"[0-9a-f]{64}")
_AUTHORITY = re.compile(r"[\x20-\x7e]{1,200}")
_DOCUMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}\.(?:html|json|md|pdf|pem|txt)")
# What Windows takes for a device, whatever stands behind the dot.
_DEVICE = re.compile(r"(?:aux|con|nul|prn|com[0-9]|lpt[0-9])\.", re.IGNORECASE)


class BadPart(ValueError):
    """A part of a bundle does not have its form."""


def attachment_path(sha256: str) -> str:
    """Return the name of an attachment's file."""
    return f"attachments/{sha256}"


def stamp_path(size: int) -> str:
    """Return the name of the file with the time stamp of a head."""
    return f"tsa/{size}.tsr"


def is_document(path: str) -> bool:
    """Tell whether a file is for people only, under a name that is safe everywhere."""
    return bool(_DOCUMENT.fullmatch(path)) and not _DEVICE.match(path)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry that is handed over. `withheld` says for other fields why they are not.

    A reason is ERASED, or REDACTED and by what authority.
    """

    index: int
    leaf: bytes
    disclosed: Mapping[str, str] = field(default_factory=dict)
    withheld: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HiddenEntry:
    """An entry of which only the place is handed over, by some authority."""

    index: int
    leaf_hash: bytes
    authority: str


Line = Entry | HiddenEntry


def write_line(line: Line) -> bytes:
    """Return a line of entries with its newline. Raises BadPart."""
    if isinstance(line, HiddenEntry):
        members = {
            "index": line.index,
            "leaf_hash": line.leaf_hash.hex(),
            "withheld_entry": line.authority,
        }
    else:
        members = {
            "disclosed": dict(line.disclosed),
            "index": line.index,
            "leaf": b64encode(line.leaf).decode(),
            "withheld": dict(line.withheld),
        }
    data = _canonical(members)
    if read_line(data) != line:
        raise BadPart("the entry cannot be written so that it reads the same")
    return data + b"\n"


def read_line(data: bytes) -> Line:
    """Read a line of entries, without its newline. Raises BadPart."""
    members = _parse(data)
    if members.keys() == {"index", "leaf_hash", "withheld_entry"}:
        authority = members["withheld_entry"]
        if not isinstance(authority, str) or not _AUTHORITY.fullmatch(authority):
            raise BadPart("an entry is withheld by an authority of 1 to 200 characters")
        return HiddenEntry(_index(members), _hash(members["leaf_hash"]), authority)
    if members.keys() != {"disclosed", "index", "leaf", "withheld"}:
        raise BadPart("an entry has index, leaf, disclosed and withheld, and no more")
    disclosed, withheld = _texts(members["disclosed"]), _texts(members["withheld"])
    for reason in withheld.values():
        if reason != ERASED and not _is_redaction(reason):
            raise BadPart(f"{reason!r} is not erased or redacted:<authority>")
    return Entry(_index(members), _base64(members["leaf"]), disclosed, withheld)


def _is_redaction(reason: str) -> bool:
    authority = reason.removeprefix(REDACTED)
    return authority != reason and bool(_AUTHORITY.fullmatch(authority))


@dataclass(frozen=True, slots=True)
class Completeness:
    """That a stream has so many entries: its line in a list of heads, and that list.

    `leaf` is the entry that holds the list's root, `disclosure` that of its field
    HEADS_FIELD; `path` and `line_path` are the proofs of the entry and of the line.
    """

    index: int
    leaf: bytes
    path: tuple[bytes, ...]
    disclosure: str
    line: str
    line_index: int
    line_path: tuple[bytes, ...]


def write_completeness(part: Completeness) -> bytes:
    """Return the file. Raises BadPart."""
    members = {
        "disclosure": part.disclosure,
        "index": part.index,
        "leaf": b64encode(part.leaf).decode(),
        "line": part.line,
        "line_index": part.line_index,
        "line_path": [b64encode(one).decode() for one in part.line_path],
        "path": [b64encode(one).decode() for one in part.path],
    }
    data = _canonical(members)
    if read_completeness(data) != part:
        raise BadPart("the completeness cannot be written so that it reads the same")
    return data


def read_completeness(data: bytes) -> Completeness:
    """Read the file. Raises BadPart."""
    members = _parse(data)
    if members.keys() != set(Completeness.__slots__):
        raise BadPart("completeness.json does not have its keys")
    disclosure, line = members["disclosure"], members["line"]
    if not isinstance(disclosure, str) or not isinstance(line, str):
        raise BadPart("disclosure and line are text")
    return Completeness(
        _index(members),
        _base64(members["leaf"]),
        _path(members["path"]),
        disclosure,
        line,
        _index(members, "line_index"),
        _path(members["line_path"]),
    )


@dataclass(frozen=True, slots=True)
class EarlierHead:
    """A head before the bundle's.

    `first` is its note as first cosigned; `last` as last cosigned, when the log was
    quiet in between. Without notes it is a size that the recipient has seen before.
    `proof` shows that the bundle's head continues it; none is needed for its own size.
    """

    size: int
    proof: tuple[bytes, ...] = ()
    first: str = ""
    last: str = ""


def write_head(part: EarlierHead) -> bytes:
    """Return a line of earlier heads with its newline. Raises BadPart."""
    members = {
        "first": part.first,
        "last": part.last,
        "proof": [b64encode(one).decode() for one in part.proof],
        "size": part.size,
    }
    data = _canonical(members)
    if read_head(data) != part:
        raise BadPart("the head cannot be written so that it reads the same")
    return data + b"\n"


def read_head(data: bytes) -> EarlierHead:
    """Read a line of earlier heads, without its newline. Raises BadPart."""
    members = _parse(data)
    if members.keys() != set(EarlierHead.__slots__):
        raise BadPart("an earlier head has size, proof, first and last, and no more")
    first, last = members["first"], members["last"]
    if not isinstance(first, str) or not isinstance(last, str):
        raise BadPart("a note is text")
    return EarlierHead(_index(members, "size"), _path(members["proof"]), first, last)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as the manifest lists it."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle is of, and its files in the order of their paths."""

    origin: str
    stream: UUID
    from_seq: int
    files: tuple[Listed, ...]


def write_manifest(manifest: Manifest) -> bytes:
    """Return the file."""
    files = [
        {"path": one.path, "sha256": one.sha256, "size": one.size}
        for one in manifest.files
    ]
    return _canonical(
        {
            "files": files,
            "format": FORMAT,
            "from_seq": manifest.from_seq,
            "origin": manifest.origin,
            "stream": str(manifest.stream),
        }
    )


def read_manifest(data: bytes) -> Manifest:
    """Read the file. Raises BadPart."""
    members = _parse(data)
    if members.get("format") != FORMAT:
        raise BadPart(f"this is not a bundle of the format {FORMAT}")
    if members.keys() != {"files", "format", "from_seq", "origin", "stream"}:
        raise BadPart("the manifest does not have its keys")
    from_seq = _index(members, "from_seq")
    origin, files = members["origin"], members["files"]
    if not isinstance(origin, str) or not isinstance(files, list) or not from_seq:
        raise BadPart("origin, files or from_seq of the manifest is wrong")
    listed = tuple(_listed(one) for one in files)
    paths = [one.path for one in listed]
    if paths != sorted(set(paths)):
        raise BadPart("the manifest's files are not in order, or one is there twice")
    return Manifest(origin, _uuid(members["stream"]), from_seq, listed)


def _listed(members: Any) -> Listed:
    if not isinstance(members, dict) or members.keys() != {"path", "sha256", "size"}:
        raise BadPart("the manifest lists files by path, sha256 and size")
    path = members["path"]
    if not isinstance(path, str):
        raise BadPart("a path is text")
    return Listed(path, _hash(members["sha256"]).hex(), _index(members, "size"))


def _canonical(members: Mapping[str, Any]) -> bytes:
    try:
        return canonical_json(members)
    except NotCanonical as error:
        raise BadPart(str(error)) from None


def _parse(data: bytes) -> dict[str, Any]:
    try:
        return parse_canonical(data)
    except NotCanonical as error:
        raise BadPart(str(error)) from None


def _index(members: Mapping[str, Any], name: str = "index") -> int:
    value = members[name]
    if isinstance(value, bool) or not isinstance(value, int) or value > MAX_INTEGER:
        raise BadPart(f"{name} is not a whole number")
    return value


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(
        isinstance(text, str) for text in value.values()
    ):
        raise BadPart("disclosed and withheld hold a text for each field")
    return value


def _hash(value: Any) -> bytes:
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise BadPart("a hash is written as 64 hexadecimal digits in lower case")
    return bytes.fromhex(value)


def _base64(value: Any) -> bytes:
    data = decode_base64(value) if isinstance(value, str) else None
    if data is None:
        raise BadPart("not canonical base64")
    return data


def _path(lines: Any) -> tuple[bytes, ...]:
    if not isinstance(lines, list):
        raise BadPart("a proof is a list of hashes")
    path = tuple(_base64(line) for line in lines)
    if len(path) > MAX_PROOF or any(len(one) != HASH_BYTES for one in path):
        raise BadPart(f"a proof is a list of hashes of {HASH_BYTES} bytes")
    return path


def _uuid(value: Any) -> UUID:
    try:
        found = UUID(value)
    except (TypeError, ValueError, AttributeError):
        raise BadPart("a stream is a UUID") from None
    if str(found) != value:
        raise BadPart("a stream is a UUID in lower case with dashes")
    return found
