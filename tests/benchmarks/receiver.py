"""Take webhooks over raw sockets and note when each arrived, as cheaply as Python can.

    python -m tests.benchmarks.receiver PORT

Runs in a process of its own and keeps connections open. `GET /count` tells how many
webhooks came, `GET /arrivals` their ids with the instants, in the order of arrival.
"""

import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

HEADER_END = b"\r\n\r\n"
CLOSE = b"connection: close"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
BACKLOG = 256


@dataclass(slots=True)
class Receiver:
    """What came, and the connections it comes over."""

    ready: selectors.BaseSelector
    arrivals: list[tuple[str, float]] = field(default_factory=list)
    connections: int = 0

    def serve(self, port: int) -> None:
        """Answer for ever."""
        listener = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
        self.ready.register(listener, selectors.EVENT_READ, None)
        while True:
            for selected, _ in self.ready.select():
                if selected.data is None:
                    self._accept(listener)
                else:
                    self._read(selected.fileobj, selected.data)

    def _accept(self, listener: socket.socket) -> None:
        link, _ = listener.accept()
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections += 1
        self.ready.register(link, selectors.EVENT_READ, bytearray())

    def _read(self, link: Any, received: bytearray) -> None:
        try:
            data = link.recv(65536)
        except OSError:
            data = b""
        received += data
        is_over = not data
        while not is_over and (request := _take_request(received)) is not None:
            link.sendall(self._answer(request))
            is_over = CLOSE in request
        if is_over:
            self.ready.unregister(link)
            link.close()

    def _answer(self, head: bytes) -> bytes:
        if head.startswith(b"get /arrivals"):
            return _json(self.arrivals)
        if head.startswith(b"get /count"):
            return _json([len(self.arrivals), self.connections])
        uid = _header(head, b"webhook-id").decode()
        self.arrivals.append((uid, time.time()))
        return NO_CONTENT


def _take_request(received: bytearray) -> bytes | None:
    """Cut one whole request off the front; returns its head in lower case."""
    end = received.find(HEADER_END)
    if end < 0:
        return None
    head = bytes(received[:end]).lower()
    length = int(_header(head, b"content-length") or 0)
    if len(received) < end + len(HEADER_END) + length:
        return None
    del received[: end + len(HEADER_END) + length]
    return head


def _header(head: bytes, name: bytes) -> bytes:
    _, _, rest = head.partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip()


def _json(value: object) -> bytes:
    data = json.dumps(value).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(data), data)


if __name__ == "__main__":
    Receiver(selectors.DefaultSelector()).serve(int(sys.argv[1]))
