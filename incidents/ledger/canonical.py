"""Write and read the exact bytes of the record: canonical JSON, disclosures, leaves.

Everything that is hashed goes through here, so that a verifier which shares no code
with this one computes the same bytes. Only the profile below is allowed: on it plain
`json.dumps` with sorted keys is the canonical form, outside it is not (number forms,
key order beyond ASCII).

Profile: strings without lone surrogates, integers 0 to 2**53 - 1, booleans, arrays,
objects with ASCII keys. No floats, no null.

>>> canonical_json({"b": [1, True], "a": "é"}).decode()
'{"a":"é","b":[1,true]}'

Source: RFC 8785 (canonical JSON), RFC 9901 §4.2 (disclosures).
"""

import hashlib
import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn
from uuid import UUID

JsonValue = str | int | bool | list[Any] | dict[str, Any]

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32
MAX_LEAF_BYTES = 65_535  # the entry limit of tiled logs
SALT_BYTES = 32
MIN_SALT_BYTES = 16
GENESIS = bytes(32)  # `prev` of the first entry of a stream
LEAF_VERSION = 1
LEAF_KEYS = frozenset({"at", "commit", "prev", "seq", "stream", "type", "v"})

_NAME = re.compile(r"[a-z0-9_]{1,32}")
_TYPE = re.compile(r"[a-z][a-z_]{0,31}\.[a-z][a-z_]{0,31}")
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
# 43 characters hold 258 bits; the last one may only be a character whose two
# surplus bits are zero, else one digest would have four spellings.
_DIGEST = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")

_encode = json.JSONEncoder(
    sort_keys=True,
    separators=(",", ":"),
    ensure_ascii=False,
    allow_nan=False,
    check_circular=False,  # the depth limit of the profile check bounds it
).encode


class NotCanonical(ValueError):
    """The value or the bytes do not fit the record's JSON profile."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        super().__init__(f"{path}: {problem}")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One envelope of the record, read back from its bytes."""

    at: str
    commit: dict[str, str]
    prev: bytes
    seq: int
    stream: UUID
    type: str


def canonical_json(value: object, *, path: str = "$") -> bytes:
    """Return the one byte form of `value`.

    `path` names the value in errors. Raises NotCanonical.
    """
    _check(value, path, 0)
    return _encode(value).encode()


def _check(value: object, path: str, depth: int) -> None:
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, int):
        if not 0 <= value <= MAX_INTEGER:
            raise NotCanonical(path, "an integer must be from 0 to 2**53 - 1")
    elif isinstance(value, dict):
        _check_object(value, path, depth + 1)
    elif isinstance(value, list | tuple):
        _check_array(value, path, depth + 1)
    else:
        raise NotCanonical(path, _why_refused(value))


def _check_text(text: str, path: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotCanonical(path, "the text holds half a surrogate pair") from None


def _check_object(members: dict[object, object], path: str, depth: int) -> None:
    _check_depth(depth, path)
    for key, item in members.items():
        if not isinstance(key, str) or not key.isascii():
            raise NotCanonical(path, f"the key {key!r} is not ASCII text")
        _check(item, f"{path}.{key}", depth)


def _check_array(items: Sequence[object], path: str, depth: int) -> None:
    _check_depth(depth, path)
    for index, item in enumerate(items):
        _check(item, f"{path}[{index}]", depth)


def _check_depth(depth: int, path: str) -> None:
    if depth > MAX_DEPTH:
        raise NotCanonical(path, f"nested deeper than {MAX_DEPTH} levels")


def _why_refused(value: object) -> str:
    if value is None:
        return "null is not allowed; leave the field out"
    if isinstance(value, float):
        return "a float is not allowed; use an integer of a smaller unit or text"
    return f"{type(value).__name__} is not a JSON value; turn it into text first"


def parse_canonical(data: bytes) -> dict[str, JsonValue]:
    """Read an object from its canonical bytes and refuse any other spelling of it.

    Raises NotCanonical.
    """
    value = _read_strictly(data)
    if not isinstance(value, dict):
        raise NotCanonical("$", "not an object")
    if canonical_json(value) != data:
        raise NotCanonical("$", "these bytes are not the canonical form")
    return value


def _read_strictly(data: bytes) -> object:
    try:
        return json.loads(
            data.decode(),
            object_pairs_hook=_object_without_duplicates,
            parse_int=_whole,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except NotCanonical:
        raise
    except (ValueError, RecursionError) as error:
        raise NotCanonical("$", f"not JSON: {error}") from None


def _object_without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotCanonical("$", "a key occurs twice")
    return members


def _whole(text: str) -> int:
    # JavaScript knows a zero below zero; what is read apart is read nowhere.
    if text.startswith("-"):
        _refuse_number(text)
    return int(text)


def _refuse_number(text: str) -> NoReturn:
    raise NotCanonical("$", f"{text} is not an integer")


def disclose(name: str, value: object, *, salt: bytes | None = None) -> tuple[str, str]:
    """Return the disclosure of one field and its digest, which goes into the leaf.

    The salt is fresh for each call unless given (only vectors give one).
    Raises NotCanonical. Source: RFC 9901 §4.2.
    """
    _require(_NAME, name, path="$.name")
    if salt is None:
        salt = secrets.token_bytes(SALT_BYTES)
    if len(salt) < MIN_SALT_BYTES:
        raise NotCanonical(name, f"a salt has at least {MIN_SALT_BYTES} bytes")
    _check(value, name, 0)
    text = _base64url(_encode([_base64url(salt), name, value]).encode())
    return text, digest_of(text)


def digest_of(disclosure: str) -> str:
    """Return the digest that a leaf carries for this disclosure."""
    return _base64url(hashlib.sha256(disclosure.encode("ascii")).digest())


def open_disclosure(text: str) -> tuple[str, JsonValue]:
    """Return the name and the value inside a disclosure.

    Whoever verifies compares `digest_of(text)` with the leaf first, and the name
    with the key it stands under. Raises NotCanonical.
    """
    parts = _read_strictly(_from_base64url(text, path="$"))
    if not isinstance(parts, list) or len(parts) != 3:  # noqa: PLR2004 (salt, name, value)
        raise NotCanonical("$", "a disclosure is an array of salt, name and value")
    salt, name, value = parts
    if not isinstance(salt, str) or not isinstance(name, str):
        raise NotCanonical("$", "salt and name are text")
    if len(_from_base64url(salt, path="$[0]")) < MIN_SALT_BYTES:
        raise NotCanonical("$[0]", f"a salt has at least {MIN_SALT_BYTES} bytes")
    _require(_NAME, name, path="$[1]")
    _check(value, name, 0)
    return name, value


def leaf_bytes(
    *,
    at: str,
    commit: Mapping[str, str],
    prev: bytes,
    seq: int,
    stream: UUID,
    type: str,
) -> bytes:
    """Return the bytes of one envelope, ready to be hashed and stored.

    `at` comes from `format_at`, `commit` maps a field's name to its digest and
    `prev` is the leaf hash of the entry before (`GENESIS` for the first).
    Raises NotCanonical.
    """
    leaf = Leaf(at, dict(commit), prev, seq, stream, type)
    _check_leaf(leaf)
    envelope = {
        "at": at,
        "commit": leaf.commit,
        "prev": prev.hex(),
        "seq": seq,
        "stream": str(stream),
        "type": type,
        "v": LEAF_VERSION,
    }
    data = _encode(envelope).encode()
    if len(data) > MAX_LEAF_BYTES:
        raise NotCanonical("$", f"a leaf has at most {MAX_LEAF_BYTES} bytes")
    return data


def _check_leaf(leaf: Leaf) -> None:
    _require(_AT, leaf.at, path="$.at")
    try:
        datetime.fromisoformat(leaf.at)
    except ValueError:
        raise NotCanonical("$.at", f"{leaf.at} is not a moment") from None
    _require(_TYPE, leaf.type, path="$.type")
    for name, digest in leaf.commit.items():
        _require(_NAME, name, path="$.commit")
        _require(_DIGEST, digest, path=f"$.commit.{name}")
    if not 1 <= leaf.seq <= MAX_INTEGER:
        raise NotCanonical("$.seq", "numbers of entries start at 1")
    if len(leaf.prev) != len(GENESIS):
        raise NotCanonical("$.prev", "a leaf hash has 32 bytes")
    if (leaf.seq == 1) != (leaf.prev == GENESIS):
        raise NotCanonical("$.prev", "only entry 1 follows 32 zero bytes")


def parse_leaf(data: bytes) -> Leaf:
    """Read one envelope and refuse anything but its exact canonical bytes.

    Raises NotCanonical.
    """
    if len(data) > MAX_LEAF_BYTES:
        raise NotCanonical("$", f"a leaf has at most {MAX_LEAF_BYTES} bytes")
    members = parse_canonical(data)
    if members.keys() != LEAF_KEYS:
        raise NotCanonical("$", f"a leaf has exactly the keys {sorted(LEAF_KEYS)}")
    if members["v"] is True or members["v"] != LEAF_VERSION:
        raise NotCanonical("$.v", "unknown version")
    leaf = _leaf_from(members)
    _check_leaf(leaf)
    return leaf


def _leaf_from(members: dict[str, Any]) -> Leaf:
    expected = {"at": str, "commit": dict, "prev": str, "stream": str, "type": str}
    for key, kind in expected.items():
        if not isinstance(members[key], kind):
            raise NotCanonical(f"$.{key}", "wrong type")
    seq = members["seq"]
    if isinstance(seq, bool) or not isinstance(seq, int):
        raise NotCanonical("$.seq", "not an integer")
    stream = _uuid(members["stream"])
    prev = _hex(members["prev"])
    return Leaf(members["at"], members["commit"], prev, seq, stream, members["type"])


def _uuid(text: str) -> UUID:
    try:
        value = UUID(text)
    except ValueError:
        raise NotCanonical("$.stream", "not a UUID") from None
    if str(value) != text:
        raise NotCanonical("$.stream", "a UUID is written in lower case with dashes")
    return value


def _hex(text: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        raise NotCanonical("$.prev", "not hexadecimal") from None
    if value.hex() != text:
        raise NotCanonical("$.prev", "a hash is written in lower case")
    return value


def format_at(moment: datetime) -> str:
    """Write a moment as the record does: UTC, milliseconds, rest cut off.

    Requires an aware datetime.

    >>> format_at(datetime(2026, 11, 23, 15, 4, 5, 123999, tzinfo=UTC))
    '2026-11-23T15:04:05.123Z'
    """
    if moment.tzinfo is None:
        raise NotCanonical("$.at", "a moment needs a time zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _require(pattern: re.Pattern[str], text: object, *, path: str) -> None:
    if not isinstance(text, str) or pattern.fullmatch(text) is None:
        raise NotCanonical(path, f"{text!r} does not have the form {pattern.pattern}")


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_base64url(text: str, *, path: str) -> bytes:
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        raise NotCanonical(path, "not base64url") from None
    # The decoder skips foreign characters and surplus bits; one text, one value.
    if _base64url(data) != text:
        raise NotCanonical(path, "not base64url without padding")
    return data
