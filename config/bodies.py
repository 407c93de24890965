"""Take in a request's body without a thread, within bounds of time and memory.

A body that trickles holds no thread: only complete requests get one. The pace that is
asked for ends it after a while, so that slow senders cannot gather.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, Protocol

# Up to this size the web server gathers a body by itself, which is the cheapest.
SMALL_BYTES: Final = 64 * 1024
# A sender that is cut off in the middle of its body may never read the answer.
MAX_DRAINED_BYTES: Final = 8 * 1024 * 1024


# What a word, a number or an escape in a string may begin with.
_BEGUN: Final = re.compile(
    r"t(ru?)?|f(a(ls?)?)?|n(ul?)?|-|\.|[eE][+-]?|\\?u[0-9a-fA-F]{0,4}"
)


class Stream(Protocol):
    """What the web server (RSGI) gives of one request's body."""

    async def __call__(self) -> bytes:
        """Return all of it."""
        ...

    def __aiter__(self) -> Any:
        """Return its pieces."""
        ...


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body, cut at the limit. `size_bytes` is what was sent, not kept."""

    data: bytes = field(repr=False)
    size_bytes: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a body may take: a first while, and then so much for each byte."""

    grace_seconds: float
    bytes_a_second: int

    def seconds_for(self, received: int) -> float:
        """Return how long after its begin a body of so many bytes may still grow."""
        return self.grace_seconds + received / self.bytes_a_second


class TooSlow(OSError):
    """The body did not come in time."""


class NoRoom(Exception):
    """So many bodies are on their way that another finds no room."""


class Share:
    """What one body takes of the room, as it grows."""

    def __init__(self, room: "Room") -> None:
        self._room = room
        self.size_bytes = 0

    def grow(self, size_bytes: int) -> None:
        """Take more. Raises NoRoom."""
        if size_bytes > self._room.left_bytes:
            raise NoRoom
        self._room.left_bytes -= size_bytes
        self.size_bytes += size_bytes


class Room:
    """How many bytes of bodies may have come, and not been dealt with, at once."""

    def __init__(self, size_bytes: int) -> None:
        self.left_bytes = size_bytes

    @contextlib.contextmanager
    def share(self) -> Iterator[Share]:
        """Keep a share for one body, until it has been dealt with."""
        share = Share(self)
        try:
            yield share
        finally:
            self.left_bytes += share.size_bytes


async def read_body(
    stream: Stream, *, declared: int | None, limit: int, pace: Pace, share: Share
) -> Body:
    """Read the body up to the limit, and let a bounded rest pass by.

    Raises TooSlow, NoRoom.
    """
    if declared is not None and declared <= min(SMALL_BYTES, limit):
        return await _read_small(stream, declared, pace)
    kept = bytearray()
    size_bytes = 0
    most = limit + MAX_DRAINED_BYTES
    async with contextlib.aclosing(_chunks(stream, pace)) as chunks:
        async for chunk in chunks:
            size_bytes += len(chunk)
            part = chunk[: max(0, limit - len(kept))]
            share.grow(len(part))
            kept += part
            if size_bytes > most:
                break
    if size_bytes > limit:
        return Body(bytes(kept), declared or size_bytes, is_complete=True)
    data = bytes(kept)
    # Without a declared length, the stream of a sender that goes away just ends.
    is_complete = not breaks_off(data) if declared is None else size_bytes == declared
    return Body(data, size_bytes, is_complete=is_complete)


def breaks_off(data: bytes) -> bool:
    """Whether more had to follow for this to be JSON; other wrong JSON is whole.

    >>> breaks_off(b'{"a": "b'), breaks_off(b'{"a": "b"}'), breaks_off(b'{"a": b"}')
    (True, False, False)
    """
    text = data.decode("utf-8-sig", "replace").strip()
    if not text.startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        rest = text[error.pos :]
        is_in_string = error.msg.startswith("Unterminated string")
        return not rest or is_in_string or _BEGUN.fullmatch(rest) is not None
    except (ValueError, RecursionError):
        pass
    return False


async def spool_body(
    stream: Stream, *, declared: int, pace: Pace, share: Share, is_secret: bool = False
) -> IO[bytes]:
    """Read a body of the site before it gets a thread: beyond a megabyte, to disk.

    A secret one stays in memory. Raises TooSlow, NoRoom.
    """
    file: IO[bytes] = (
        BytesIO() if is_secret else SpooledTemporaryFile(max_size=1024 * 1024)  # noqa: SIM115  the caller closes it
    )
    try:
        async with contextlib.aclosing(_chunks(stream, pace)) as chunks:
            left = declared
            async for chunk in chunks:
                share.grow(min(len(chunk), left))
                file.write(chunk[:left])
                left -= len(chunk)
                if left <= 0:
                    break
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


class FlowingBody:
    """A file on its way, for a thread of the site that reads it as it comes.

    The site has looked at who sends it, and whether there is room, before it reads.
    """

    def __init__(self, stream: Stream, *, pace: Pace) -> None:
        self._loop = asyncio.get_running_loop()
        self._pieces = _chunks(stream, pace)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most so many; waits for them. Raises TooSlow."""
        if size < 0:
            return b"".join(iter(lambda: self.read(SMALL_BYTES), b""))
        if not self._rest:
            coming = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
            self._rest = coming.result()
        part, self._rest = self._rest[:size], self._rest[size:]
        return part

    def readline(self, size: int = -1) -> bytes:
        """Return the next line, at most so many bytes of it. Raises TooSlow."""
        line = bytearray()
        while not line.endswith(b"\n") and (size < 0 or len(line) < size):
            byte = self.read(1)
            if not byte:
                break
            line += byte
        return bytes(line)

    async def close(self) -> None:
        """Read no more of it."""
        await self._pieces.aclose()

    async def _next(self) -> bytes:
        return await anext(self._pieces, b"")


async def _read_small(stream: Stream, declared: int, pace: Pace) -> Body:
    if not declared:
        return Body(b"", 0, is_complete=True)
    try:
        async with asyncio.timeout(pace.seconds_for(declared)):
            data = await stream()
    except TimeoutError:
        raise TooSlow from None
    except RuntimeError:  # the sender is gone
        return Body(b"", 0, is_complete=False)
    return Body(data, len(data), is_complete=len(data) == declared)


async def _chunks(stream: Stream, pace: Pace) -> AsyncGenerator[bytes]:
    """Yield the body piece by piece, as long as it keeps pace."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    received = 0
    pieces = aiter(stream)
    while True:
        try:
            async with asyncio.timeout_at(began + pace.seconds_for(received)):
                chunk = await anext(pieces, b"")
        except TimeoutError:
            raise TooSlow from None
        if not chunk:
            return
        received += len(chunk)
        yield bytes(chunk)


def declared_bytes(length: str | None) -> int | None:
    """Return what Content-Length says.

    >>> declared_bytes("12"), declared_bytes("-1"), declared_bytes(None)
    (12, None, None)
    """
    text = length or ""
    return int(text) if text.isascii() and text.isdigit() else None
