"""Hands out the parts of a bundle, each compared with what the manifest says of it."""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from incidents.ledger.bundle_parts import (
    CHECKPOINT,
    CHECKPOINTS,
    COMPLETENESS,
    CONTINUES,
    ENTRIES,
    ERASURES,
    MANIFEST,
    PROOFS,
    BadPart,
    Listed,
    Manifest,
    is_document,
    read_manifest,
)
from incidents.ledger.verify.archive import CHUNK_BYTES, Archive
from incidents.ledger.verify.verdict import Code, Rejected

MAX_MANIFEST_BYTES: Final = 16_000_000
MAX_PART_BYTES: Final = 4_000_000
MAX_LINE_BYTES: Final = 8_000_000
MAX_TOTAL_BYTES: Final = 16 << 30

_REQUIRED: Final = frozenset({CHECKPOINT, CHECKPOINTS, ENTRIES, PROOFS})
_OPTIONAL: Final = frozenset({ERASURES, CONTINUES, COMPLETENESS})
_FOLDERS: Final = ("attachments/", "tsa/")


class Parts:
    """An open bundle whose files are exactly those of its manifest. Raises Rejected."""

    def __init__(self, file: BinaryIO, *, max_bytes: int = MAX_TOTAL_BYTES) -> None:
        self._archive = Archive(file)
        total = sum(member.size for member in self._archive.members.values())
        if total > max_bytes:
            raise Rejected(
                Code.TOO_LARGE, f"it unpacks to {total} bytes; {max_bytes} are allowed"
            )
        data = self._manifest_bytes()
        self.manifest_sha256 = hashlib.sha256(data).hexdigest()
        self.manifest = _read(data)
        self._listed = {one.path: one for one in self.manifest.files}
        self._unread = set(self._listed)
        self._compare_with_archive()

    def _manifest_bytes(self) -> bytes:
        member = self._archive.members.get(MANIFEST)
        if member is None:
            raise Rejected(Code.MANIFEST, f"there is no {MANIFEST}")
        if member.size > MAX_MANIFEST_BYTES:
            raise Rejected(Code.TOO_LARGE, f"{MANIFEST} has {member.size} bytes")
        return b"".join(self._archive.chunks(MANIFEST))

    def _compare_with_archive(self) -> None:
        there = self._archive.members.keys() - {MANIFEST}
        if there != self._listed.keys():
            odd = sorted(there ^ self._listed.keys())[0]
            raise Rejected(
                Code.MANIFEST, f"{odd} is only in the list or only in the file"
            )
        for name in sorted(_REQUIRED - there):
            raise Rejected(Code.MANIFEST, f"there is no {name}")
        for path, listed in self._listed.items():
            if not _is_known(path):
                raise Rejected(Code.MANIFEST, f"{path} is no part of a bundle")
            if listed.size != self._archive.members[path].size:
                raise Rejected(Code.MANIFEST_HASH, f"{path} has another size")

    def has(self, path: str) -> bool:
        """Tell whether there is such a file."""
        return path in self._listed

    def in_folder(self, folder: str) -> Iterator[Listed]:
        """Yield the files below a folder, in the order of their paths."""
        for listed in self.manifest.files:
            if listed.path.startswith(folder):
                yield listed

    def documents(self) -> list[str]:
        """Return the names of the files that are for people only."""
        return [path for path in self._listed if _is_for_people(path)]

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes; ends with Rejected when they are not those listed."""
        digest = hashlib.sha256()
        for chunk in self._archive.chunks(path):
            digest.update(chunk)
            yield chunk
        if digest.hexdigest() != self._listed[path].sha256:
            raise Rejected(Code.MANIFEST_HASH, f"{path} is not what the manifest lists")
        self._unread.discard(path)

    def read(self, path: str) -> bytes:
        """Return a small file whole."""
        if self._listed[path].size > MAX_PART_BYTES:
            raise Rejected(
                Code.TOO_LARGE, f"{path} has {self._listed[path].size} bytes"
            )
        return b"".join(self.chunks(path))

    def lines(self, path: str) -> Iterator[bytes]:
        """Yield a file's lines without their newlines."""
        rest = b""
        for chunk in self.chunks(path):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
            if len(rest) > MAX_LINE_BYTES:
                raise Rejected(Code.TOO_LARGE, f"{path} has a line without an end")
        if rest:
            raise Rejected(Code.FORM, f"{path} does not end in a newline")

    def proofs(self, header: bytes) -> Iterator[bytes]:
        """Yield the proof files, each of which begins with the header."""
        rest = b""
        for chunk in self.chunks(PROOFS):
            before, *found = (rest + chunk).split(header)
            if before and (found or len(before) >= len(header)):
                raise Rejected(Code.PROOF, f"{PROOFS} does not begin with a proof")
            for one in found[:-1]:
                yield header + one
            rest = header + found[-1] if found else before
            if len(rest) > MAX_PART_BYTES + CHUNK_BYTES:
                raise Rejected(Code.TOO_LARGE, f"{PROOFS} has a proof without an end")
        if rest:
            yield rest

    def read_rest(self) -> None:
        """Compare the files that nothing has read yet with the manifest."""
        for path in sorted(self._unread):
            for _ in self.chunks(path):
                pass


def _read(data: bytes) -> Manifest:
    try:
        return read_manifest(data)
    except BadPart as error:
        raise Rejected(Code.MANIFEST, str(error)) from None


def _is_known(path: str) -> bool:
    return (
        path in _REQUIRED
        or path in _OPTIONAL
        or path.startswith(_FOLDERS)
        or is_document(path)
    )


def _is_for_people(path: str) -> bool:
    return is_document(path) and path not in _REQUIRED | _OPTIONAL
