"""Reads, writes and verifies signed notes: a text, a blank line, signature lines.

    text, each line ending in LF
    (blank line)
    — name base64(key id || signature)

One spelling only: UTF-8, LF, a final newline, canonical padded base64, one line for a
key and at most 16 in all. What other implementations read in different ways is refused.

Lines of unknown keys are ignored, so that a key can be replaced and a witness added; a
line of a *known* key that does not verify spoils the whole note.

Source: C2SP signed-note v1.0.0.
"""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace

from incidents.ledger.vkey import (
    KEY_ID_BYTES,
    KeyType,
    SigningKey,
    VerificationKey,
    decode_base64,
    is_key_name,
)

MAX_SIGNATURES = 16
MAX_NOTE_BYTES = 1_000_000

_MARK = "\N{EM DASH} "


class BadNote(ValueError):
    """The bytes are not a signed note, or must not be believed."""


class WrongSignature(BadNote):
    """A known key's signature does not fit the text."""


class NoKnownSignature(BadNote):
    """None of the keys that are trusted has signed."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line. `value` is what follows the key's id."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        """Return the line with its newline."""
        encoded = b64encode(self.key_id + self.value).decode()
        return f"{_MARK}{self.name} {encoded}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the signature lines below it, in their order."""

    text: str
    signatures: tuple[Signature, ...]

    def with_signature(self, signature: Signature) -> "Note":
        """Return the note with this line; an earlier line of the same key goes."""
        others = [one for one in self.signatures if _key(one) != _key(signature)]
        return replace(self, signatures=(*others, signature))


def _key(signature: Signature) -> tuple[str, bytes]:
    return signature.name, signature.key_id


def write_note(note: Note) -> str:
    """Return a note as it is handed over. Raises BadNote when nobody could read it."""
    lines = "".join(signature.line() for signature in note.signatures)
    written = f"{note.text}\n{lines}"
    if parse_note(written) != note:
        raise BadNote("the text does not end in a newline")
    return written


def parse_note(data: bytes | str) -> Note:
    """Read a signed note without believing anything in it. Raises BadNote."""
    try:
        content = data if isinstance(data, str) else data.decode()
        size_bytes = len(content.encode())
    except UnicodeError:
        raise BadNote("a note is UTF-8") from None
    if size_bytes > MAX_NOTE_BYTES:
        raise BadNote(f"a note has at most {MAX_NOTE_BYTES} bytes")
    if any(char < " " and char != "\n" for char in content):
        raise BadNote("a note has no control characters, and LF ends its lines")
    text, blank, lines = content.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise BadNote("a note is a text, a blank line and whole signature lines")
    return Note(text + "\n", _read_signatures(lines))


def _read_signatures(lines: str) -> tuple[Signature, ...]:
    signatures = [_read_signature(line) for line in lines[:-1].split("\n")]
    if len(signatures) > MAX_SIGNATURES:
        raise BadNote(f"a note has at most {MAX_SIGNATURES} signatures")
    if len({_key(one) for one in signatures}) != len(signatures):
        raise BadNote("two signature lines stand for one key")
    return tuple(signatures)


def _read_signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_MARK).partition(" ")
    value = decode_base64(encoded)
    if not line.startswith(_MARK) or not is_key_name(name):
        raise BadNote(f"{line!r} is not a signature line")
    if value is None or len(value) <= KEY_ID_BYTES:
        raise BadNote(f"the signature of {name} is not canonical base64 of one")
    return Signature(name, value[:KEY_ID_BYTES], value[KEY_ID_BYTES:])


def sign_text(text: str, key: SigningKey) -> Signature:
    """Sign the text of a note with a log's key."""
    if key.public.type is not KeyType.LOG:
        raise ValueError(f"{key.public.name} does not sign plain text")
    return Signature(key.public.name, key.public.id, key.sign(text.encode()))


def verify_note(
    note: Note, keys: Iterable[VerificationKey]
) -> dict[VerificationKey, Signature]:
    """Return the signatures by these keys, all of them verified.

    Raises WrongSignature when one of them does not fit the text, NoKnownSignature
    when none of the keys has signed.
    """
    known = {(key.name, key.id): key for key in keys}
    verified = {}
    for signature in note.signatures:
        key = known.get(_key(signature))
        if key is None:
            continue
        if not key.verifies(note.text, signature.value):
            raise WrongSignature(f"the signature of {key.name} does not fit the text")
        verified[key] = signature
    if not verified:
        raise NoKnownSignature("no key that is trusted has signed this note")
    return verified
