"""Reads zip files of one narrow form, and nothing that two programs could read apart.

The members lie one behind the other from the first byte to the directory and are listed
once, under plain names, stored or deflated, not encrypted, no links. Each local header
says the same as the directory. So there are no overlapping members, no hidden ones, none
that another program would find instead. Nothing is unpacked to a disk, and no member is
held in memory.

Source: PKWARE APPNOTE 6.3 §4.3 and §4.5.3 (sizes above 4 GiB).
"""

import re
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from incidents.ledger.verify.verdict import Code, Rejected

MAX_MEMBERS: Final = 50_000
MAX_DIRECTORY_BYTES: Final = 16_000_000
CHUNK_BYTES: Final = 1 << 16

_END: Final = struct.Struct("<4s4H2LH")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR: Final = struct.Struct("<4sLQL")
_LISTED: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_END64_REST: Final = _END64.size - 12  # what the record says of its own length
_FULL: Final = 0xFFFFFFFF  # the size or the place stands in an extra field instead
_FULL_COUNT: Final = 0xFFFF
_ZIP64: Final = 1
_STORED: Final = 0
_DEFLATED: Final = 8
_UTF8: Final = 1 << 11  # says nothing about a name of ASCII
_NAME: Final = re.compile(
    rb"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}(?:/[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\.[a-z]+)?)?"
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file. `begins_at` is where its packed bytes begin."""

    name: str
    begins_at: int
    packed_bytes: int
    size: int
    method: int
    crc: int


@dataclass(frozen=True, slots=True)
class _Listed:
    """A member as the directory has it."""

    name: bytes
    header_at: int
    packed_bytes: int
    size: int
    method: int
    flags: int
    crc: int


class Archive:
    """An open zip file. Raises Rejected."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        begins_at, directory, count = _read_directory(file)
        listed = list(_read_listed(directory, count))
        self.members = {one.name: one for one in _locate(file, listed, begins_at)}

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a member; ends with Rejected when they are not whole."""
        member = self.members[name]
        crc = size = 0
        for chunk in self._unpacked(member):
            size += len(chunk)
            if size > member.size:
                break
            crc = zlib.crc32(chunk, crc)
            yield chunk
        if (size, crc) != (member.size, member.crc):
            raise Rejected(Code.ARCHIVE, f"{name} is damaged, or larger than it says")

    def _unpacked(self, member: Member) -> Iterator[bytes]:
        if member.method == _STORED:
            yield from self._packed(member)
            return
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for packed in self._packed(member):
                rest = packed
                while rest and not inflater.eof:
                    yield inflater.decompress(rest, CHUNK_BYTES)
                    rest = inflater.unconsumed_tail
                if rest or inflater.unused_data:
                    raise Rejected(Code.ARCHIVE, f"{member.name} has bytes to spare")
            while not inflater.eof:
                last = inflater.decompress(b"", CHUNK_BYTES)
                if not last and not inflater.eof:
                    raise Rejected(Code.ARCHIVE, f"{member.name} is cut off")
                yield last
        except zlib.error as error:
            raise Rejected(Code.ARCHIVE, f"{member.name}: {error}") from None

    def _packed(self, member: Member) -> Iterator[bytes]:
        at, left = member.begins_at, member.packed_bytes
        while left:
            self._file.seek(at)  # others read from this file in between
            packed = self._file.read(min(left, CHUNK_BYTES))
            if not packed:
                raise Rejected(Code.ARCHIVE, "the file is cut off")
            at, left = at + len(packed), left - len(packed)
            yield packed


def _read_directory(file: BinaryIO) -> tuple[int, bytes, int]:
    """Return where the directory begins, its bytes, and how many members it lists."""
    end_at = file.seek(0, 2) - _END.size
    if end_at < 0:
        raise Rejected(Code.ARCHIVE, "the file is too short for a zip file")
    mark, disk, start_disk, here, count, length, begins_at, comment = _END.unpack(
        _read(file, end_at, _END.size)
    )
    if mark != b"PK\5\6" or (disk, start_disk, comment) != (0, 0, 0) or here != count:
        raise Rejected(Code.ARCHIVE, "the file does not end as a zip file in one part")
    if count == _FULL_COUNT or _FULL in (length, begins_at):
        end_at, count, length, begins_at = _read_end64(file, end_at)
    if count > MAX_MEMBERS or length > MAX_DIRECTORY_BYTES:
        raise Rejected(Code.TOO_LARGE, f"a bundle has at most {MAX_MEMBERS} files")
    if begins_at + length != end_at:
        raise Rejected(Code.ARCHIVE, "the directory is not at the end of the file")
    return begins_at, _read(file, begins_at, length), count


def _read_end64(file: BinaryIO, end_at: int) -> tuple[int, int, int, int]:
    """Return where the longer end record stands, and its count, length and place."""
    at = end_at - _LOCATOR.size - _END64.size
    if at < 0:
        raise Rejected(Code.ARCHIVE, "the longer end record is missing")
    mark, *numbers = _END64.unpack(_read(file, at, _END64.size))
    rest, _, _, disk, start_disk, here, count, length, begins_at = numbers
    locator = _LOCATOR.unpack(_read(file, at + _END64.size, _LOCATOR.size))
    is_whole = (mark, rest, disk, start_disk) == (b"PK\6\6", _END64_REST, 0, 0)
    if not is_whole or here != count or locator != (b"PK\6\7", 0, at, 1):
        raise Rejected(Code.ARCHIVE, "the longer end record is wrong")
    return at, count, length, begins_at


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    data = file.read(length)
    if len(data) != length:
        raise Rejected(Code.ARCHIVE, "the file is cut off")
    return data


def _read_listed(directory: bytes, count: int) -> Iterator[_Listed]:
    at = 0
    names: set[bytes] = set()
    for _ in range(count):
        one, at = _read_one(directory, at)
        if not _NAME.fullmatch(one.name) or b".." in one.name:
            raise Rejected(Code.ARCHIVE, f"{one.name!r} is not a safe name of a file")
        if one.name.lower() in names:
            raise Rejected(Code.ARCHIVE, f"{one.name.decode()} is there twice")
        names.add(one.name.lower())
        yield one
    if at != len(directory):
        raise Rejected(Code.ARCHIVE, "the directory holds more than it counts")


def _read_one(directory: bytes, at: int) -> tuple[_Listed, int]:
    if at + _LISTED.size > len(directory):
        raise Rejected(Code.ARCHIVE, "the directory holds less than it counts")
    mark, *numbers = _LISTED.unpack_from(directory, at)
    _, _, flags, method, _, _, crc, packed, size, name_length, *others = numbers
    extra_length, comment, disk, _, attributes, header_at = others
    name_at = at + _LISTED.size
    extra_at = name_at + name_length
    name = directory[name_at:extra_at]
    extra = directory[extra_at : extra_at + extra_length]
    if mark != b"PK\1\2" or (comment, disk) != (0, 0) or len(extra) != extra_length:
        raise Rejected(Code.ARCHIVE, "the directory is damaged")
    if flags & ~_UTF8 or method not in (_STORED, _DEFLATED):
        raise Rejected(Code.ARCHIVE, f"{name!r} is encrypted or packed in another way")
    if stat.S_IFMT(attributes >> 16) not in (0, stat.S_IFREG):
        raise Rejected(Code.ARCHIVE, f"{name!r} is a link or a folder")
    size, packed, header_at = _from_extra(extra, [size, packed, header_at])
    listed = _Listed(name, header_at, packed, size, method, flags, crc)
    return listed, extra_at + extra_length


def _from_extra(extra: bytes, numbers: list[int]) -> list[int]:
    """Return the numbers, those that are too large for their field from the extra one."""
    large = [place for place, number in enumerate(numbers) if number == _FULL]
    wanted = struct.Struct(f"<2H{len(large)}Q")
    if not large and not extra:
        return numbers
    if not large or len(extra) != wanted.size:
        raise Rejected(Code.ARCHIVE, "a member has an extra field")
    kind, length, *values = wanted.unpack(extra)
    if (kind, length) != (_ZIP64, wanted.size - 4):
        raise Rejected(Code.ARCHIVE, "a member has an extra field")
    for place, value in zip(large, values, strict=True):
        numbers[place] = value
    return numbers


def _locate(file: BinaryIO, listed: list[_Listed], ends_at: int) -> Iterator[Member]:
    """Yield the members, which lie one behind the other up to the directory."""
    at = 0
    for one in sorted(listed, key=lambda one: one.header_at):
        if one.header_at != at:
            raise Rejected(
                Code.ARCHIVE, "files overlap, or something hides between them"
            )
        begins_at = _check_local(file, one)
        at = begins_at + one.packed_bytes
        yield Member(
            one.name.decode("ascii"),
            begins_at,
            one.packed_bytes,
            one.size,
            one.method,
            one.crc,
        )
    if at != ends_at:
        raise Rejected(Code.ARCHIVE, "something hides before the directory")


def _check_local(file: BinaryIO, listed: _Listed) -> int:
    """Return where the packed bytes begin behind a header that says the same."""
    at = listed.header_at
    mark, *numbers = _LOCAL.unpack(_read(file, at, _LOCAL.size))
    _, flags, method, _, _, crc, packed, size, name_length, extra_length = numbers
    name = _read(file, at + _LOCAL.size, name_length)
    extra = _read(file, at + _LOCAL.size + name_length, extra_length)
    if _FULL in (size, packed):
        size, packed = _from_extra(extra, [size, packed])
    elif extra:
        raise Rejected(Code.ARCHIVE, "a member has an extra field")
    said = (name, flags, method, crc, packed, size)
    told = (listed.name, listed.flags, listed.method, listed.crc)
    if mark != b"PK\3\4" or said != (*told, listed.packed_bytes, listed.size):
        raise Rejected(Code.ARCHIVE, "a file's own header contradicts the directory")
    if listed.method == _STORED and listed.packed_bytes != listed.size:
        raise Rejected(Code.ARCHIVE, "a stored file has two sizes")
    return at + _LOCAL.size + len(name) + len(extra)
