"""Send requests over keep-alive connections from one thread, as cheaply as Python can.

Reads its orders as JSON from standard input and writes what it measured as JSON, so
that it runs in a process of its own: the machine's cores are shared with the server.
In the body, NUMBER stands for the request's number and GROUP for that modulo `groups`.
"""

import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

HEADER_END = b"\r\n\r\n"


@dataclass(slots=True)
class Connection:
    """One connection, with the request that is under way on it."""

    socket: socket.socket
    began_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class Load:
    """The requests that are still to be sent, and what was measured so far."""

    requests: list[bytes]
    sent: int = 0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        return len(self.latencies) == len(self.requests)

    def send_next(self, connection: Connection) -> None:
        """Send one more request, if any is left."""
        if self.sent == len(self.requests):
            return
        connection.received.clear()
        connection.began_at = time.perf_counter()
        connection.socket.sendall(self.requests[self.sent])
        self.sent += 1

    def take_answer(self, connection: Connection) -> bool:
        """Read what came; tell whether the answer is complete."""
        data = connection.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed a connection")
        connection.received += data
        head, separator, rest = connection.received.partition(HEADER_END)
        if not separator or len(rest) < _content_length(head):
            return False
        self.latencies.append(time.perf_counter() - connection.began_at)
        status = head[9:12].decode()
        self.statuses[status] = self.statuses.get(status, 0) + 1
        return True


def run(orders: dict[str, Any]) -> dict[str, Any]:
    """Send all requests; returns seconds, requests a second and latencies."""
    load = Load(_requests(orders))
    ready = selectors.DefaultSelector()
    links = [
        socket.create_connection(("127.0.0.1", orders["port"]))
        for _ in range(orders["connections"])
    ]
    began_at, began = time.time(), time.perf_counter()
    for link in links:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(link)
        ready.register(link, selectors.EVENT_READ, connection)
        load.send_next(connection)
    while not load.is_done:
        for selected, _ in ready.select():
            if load.take_answer(selected.data):
                load.send_next(selected.data)
    seconds = time.perf_counter() - began
    latencies = sorted(load.latencies)
    return {
        "began_at": began_at,
        "seconds": seconds,
        "rate": len(latencies) / seconds,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[len(latencies) * 99 // 100] * 1000,
        "statuses": load.statuses,
    }


def _requests(orders: dict[str, Any]) -> list[bytes]:
    head = (
        f"POST {orders['path']} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: application/json\r\nUser-Agent: bench\r\n"
        "Content-Length: %d\r\n\r\n"
    ).encode()
    made = []
    for number in range(orders["count"]):
        text = orders["body"].replace("NUMBER", str(number))
        body = text.replace("GROUP", str(number % orders.get("groups", 1))).encode()
        made.append(head % len(body) + body)
    return made


def _content_length(head: bytes | bytearray) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
