"""Writes an evidence bundle: everything that proves a stream to who trusts nobody.

    with open(path, "w+b") as out:
        manifest_sha256 = write_bundle(out, bundle)

Plain values in, one zip file out; whoever builds one reads the database and the tiles.
Entries and attachments may be produced while they are written, so memory does not grow
with them but for the names of the files. The same values give the same bytes: no clock
is read, and all files have the mtime of the year in which such times begin.

The form of each part is in `bundle_parts.py`, the other side in `verify/`.
"""

import hashlib
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import IO, BinaryIO, Final
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from incidents.ledger.bundle_parts import (
    CHECKPOINT,
    CHECKPOINTS,
    COMPLETENESS,
    CONTINUES,
    ENTRIES,
    ERASURES,
    MANIFEST,
    PROOFS,
    Completeness,
    EarlierHead,
    Line,
    Listed,
    Manifest,
    attachment_path,
    is_document,
    stamp_path,
    write_completeness,
    write_head,
    write_line,
    write_manifest,
)
from incidents.ledger.checkpoint import parse_checkpoint
from incidents.ledger.note import parse_note
from incidents.ledger.proof_file import ProofFile, write_proof

_CHUNK_BYTES: Final = 1 << 16
_MTIME: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = (stat.S_IFREG | 0o644) << 16
_RESERVED: Final = frozenset({MANIFEST, CHECKPOINT, PROOFS, COMPLETENESS})


@dataclass(frozen=True, slots=True)
class ProvedLine:
    """An entry, and its inclusion proof for the size of the head."""

    line: Line
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that an entry names, by its SHA-256 in hexadecimal digits."""

    sha256: str
    size: int
    chunks: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Bundle:
    """All that goes into one. `head` is the cosigned note that everything is proved by.

    `earlier` holds the heads that bound the time of the entries, and those that the
    recipient has seen; `documents` are README.txt and other words for people, `telling`
    those that are made of what was put in before them, so read last; `stamps` RFC 3161
    time stamps by the size of the head they are of.
    """

    head: str
    stream: UUID
    entries: Iterable[ProvedLine]
    completeness: Completeness | None
    from_seq: int = 1
    earlier: Iterable[EarlierHead] = ()
    erasures: Iterable[ProvedLine] = ()
    continues: Iterable[ProvedLine] = ()
    attachments: Iterable[Attachment] = ()
    documents: Mapping[str, bytes] = field(default_factory=dict)
    telling: Iterable[tuple[str, Iterable[bytes]]] = ()
    stamps: Mapping[int, bytes] = field(default_factory=dict)


def write_bundle(out: BinaryIO, bundle: Bundle) -> str:
    """Write the bundle and return the SHA-256 of its manifest, in hexadecimal digits.

    Requires an empty file that can be written and sought. Raises BadPart, BadProof or
    BadNote for values that no verifier would read, ValueError for a document under a
    name of something else, a file given twice, an attachment that is not what it says.
    """
    head = parse_checkpoint(parse_note(bundle.head).text)
    # Closed also where a part cannot be written: `out` is still open then.
    with closing(_Writer(out)) as writer:
        _add_all(writer, bundle)
        return writer.finish(head.origin, bundle.stream, bundle.from_seq)


def _add_all(writer: "_Writer", bundle: Bundle) -> None:
    for name, data in sorted(bundle.documents.items()):
        _require_document(name)
        writer.add(name, data)
    writer.add(CHECKPOINT, bundle.head.encode())
    writer.add_spooled(CHECKPOINTS, (write_head(one) for one in bundle.earlier))
    _add_entries(writer, bundle)
    if bundle.completeness is not None:
        writer.add(COMPLETENESS, write_completeness(bundle.completeness))
    for attachment in bundle.attachments:
        writer.add_attachment(attachment)
    for size, stamp in sorted(bundle.stamps.items()):
        writer.add(stamp_path(size), stamp)
    for name, chunks in bundle.telling:
        _require_document(name)
        writer.add_spooled(name, chunks)


def _require_document(name: str) -> None:
    if not is_document(name) or name in _RESERVED:
        raise ValueError(f"{name!r} is not a name for a document in a bundle")


def _add_entries(writer: "_Writer", bundle: Bundle) -> None:
    """Add the entries, and their proofs, which come with them, as one file at the end."""
    with tempfile.TemporaryFile() as proofs:

        def lines_of(proved: Iterable[ProvedLine]) -> Iterator[bytes]:
            for one in proved:
                proof = ProofFile(one.line.index, one.path, bundle.head)
                proofs.write(write_proof(proof))
                yield write_line(one.line)

        writer.add_spooled(ENTRIES, lines_of(bundle.entries))
        writer.add_spooled(ERASURES, lines_of(bundle.erasures), may_be_empty=False)
        writer.add_spooled(CONTINUES, lines_of(bundle.continues), may_be_empty=False)
        writer.add_file(PROOFS, proofs)


class _Writer:
    """The zip file and what its manifest will say."""

    def __init__(self, out: BinaryIO) -> None:
        self._zip = ZipFile(out, "w", ZIP_DEFLATED, strict_timestamps=True)
        self._listed: list[Listed] = []
        self._paths: set[str] = set()

    def close(self) -> None:
        """End the file; does nothing once it is ended."""
        self._zip.close()

    def add(self, path: str, data: bytes) -> None:
        self._add_chunks(path, len(data), [data], ZIP_DEFLATED)

    def add_spooled(
        self, path: str, chunks: Iterable[bytes], *, may_be_empty: bool = True
    ) -> None:
        """Add what comes piece by piece; its size has to be known before it is written."""
        with tempfile.TemporaryFile() as spool:
            spool.writelines(chunks)
            if spool.tell() or may_be_empty:
                self.add_file(path, spool)

    def add_file(self, path: str, file: IO[bytes]) -> None:
        """Add what was written to a file up to where it stands."""
        size = file.tell()
        file.seek(0)
        chunks = iter(lambda: file.read(_CHUNK_BYTES), b"")
        self._add_chunks(path, size, chunks, ZIP_DEFLATED)

    def add_attachment(self, attachment: Attachment) -> None:
        path = attachment_path(attachment.sha256)
        self._add_chunks(path, attachment.size, attachment.chunks, ZIP_STORED)
        written = self._listed[-1]
        if (written.sha256, written.size) != (attachment.sha256, attachment.size):
            raise ValueError(f"the attachment {attachment.sha256} is something else")

    def _add_chunks(
        self, path: str, size: int, chunks: Iterable[bytes], method: int
    ) -> None:
        if path in self._paths:
            raise ValueError(f"{path} is given twice")
        self._paths.add(path)
        digest, count = hashlib.sha256(), 0
        with self._zip.open(_info(path, size, method), "w") as member:
            for chunk in chunks:
                digest.update(chunk)
                count += len(chunk)
                member.write(chunk)
        self._listed.append(Listed(path, digest.hexdigest(), count))

    def finish(self, origin: str, stream: UUID, from_seq: int) -> str:
        """Write the manifest, which lists all before it, and end the file."""
        files = tuple(sorted(self._listed, key=lambda one: one.path))
        data = write_manifest(Manifest(origin, stream, from_seq, files))
        self._add_chunks(MANIFEST, len(data), [data], ZIP_DEFLATED)
        self._zip.close()
        return self._listed[-1].sha256


def _info(path: str, size: int, method: int) -> ZipInfo:
    info = ZipInfo(path, _MTIME)
    info.compress_type = method
    info.external_attr = _MODE
    info.create_system = 3  # the same bytes, wherever it is written
    info.file_size = size  # above 2 GiB the file needs the longer form of its sizes
    return info
