"""A socket whose whole conversation ends at one instant. Free of Django.

An ordinary timeout counts anew for each byte, so that a receiver which answers one
byte a second would hold a sender for hours.
"""

import io
import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class DeadlineSocket:
    """What `http.client` needs of a socket, with one deadline for all of it.

    Whoever opened the socket below closes it.
    """

    def __init__(self, sock: socket.socket, *, ends_at: float) -> None:
        self._sock = sock
        self._ends_at = ends_at

    def sendall(self, data: "ReadableBuffer") -> None:
        """Send everything before the deadline."""
        self._sock.settimeout(remaining_seconds(self._ends_at))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return a reader that raises TimeoutError once the deadline has passed."""
        if mode != "rb":
            raise ValueError("only for reading")
        return io.BufferedReader(_Reader(self._sock, self._ends_at))

    def close(self) -> None:
        """Do nothing: `http.client` calls this before it has read the answer."""


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, ends_at: float) -> None:
        self._sock = sock
        self._ends_at = ends_at

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._sock.settimeout(remaining_seconds(self._ends_at))
        return self._sock.recv_into(buffer)


def remaining_seconds(ends_at: float) -> float:
    """Return the seconds until the deadline. Raises TimeoutError when it has passed."""
    seconds = ends_at - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("no complete answer in time")
    return seconds
