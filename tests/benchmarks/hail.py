"""Post for some seconds over many connections, through restarts of the server.

Reads its orders as JSON from standard input and writes what it measured as JSON. A
connection that breaks is opened again; each delivery that was answered with 202 is
noted in the file `accepted`, by its id. NUMBER in the body is the request's number; for
a body of several alerts, NUMBER-n that of the n-th.
"""

import contextlib
import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

HEADER_END = b"\r\n\r\n"
RETRY_SECONDS = 0.05


@dataclass(slots=True)
class Hail:
    """What is sent, and what was answered so far."""

    orders: dict[str, Any]
    number: int = 0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)
    broken: int = 0
    retry_after: int = 0

    def next_request(self) -> bytes:
        """Return the bytes of one more request."""
        text = self.orders["body"].replace("NUMBER", str(self.number))
        self.number += 1
        body = text.encode()
        lines = [
            f"POST {self.orders['path']} HTTP/1.1",
            "Host: 127.0.0.1",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        for name, value in headers_for(self.orders, body).items():
            lines.append(f"{name}: {value}")
        return "\r\n".join(lines).encode() + HEADER_END + body

    def note(self, head: bytes, body: bytes, seconds: float) -> None:
        """Count one answer."""
        status = head[9:12].decode()
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == "202":
            self.latencies.append(seconds)
            self.accepted.append(json.loads(body)["delivery"])
        elif b"retry-after" in head.lower():
            self.retry_after += 1


def headers_for(orders: dict[str, Any], body: bytes) -> dict[str, str]:
    """Return the headers that prove who sends, if any are asked for."""
    if "secret" not in orders:
        return {}
    import hmac  # noqa: PLC0415  only where it is measured

    signature = hmac.new(orders["secret"].encode(), body, "sha256").hexdigest()
    return {"X-Hub-Signature-256": f"sha256={signature}"}


class Link:
    """One connection, and the request that is under way on it."""

    def __init__(self, hail: Hail, ready: selectors.BaseSelector) -> None:
        self._hail, self._ready = hail, ready
        self._socket: socket.socket | None = None
        self._received = bytearray()
        self._began = 0.0
        self.open_at = 0.0

    def send(self) -> None:
        """Send one more request, over a new connection if need be."""
        try:
            if self._socket is None:
                address = ("127.0.0.1", self._hail.orders["port"])
                self._socket = socket.create_connection(address, timeout=5)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._ready.register(self._socket, selectors.EVENT_READ, self)
            self._received.clear()
            self._began = time.perf_counter()
            self._socket.sendall(self._hail.next_request())
        except OSError:
            self._break()

    def take(self) -> None:
        """Read what came; send the next when the answer is complete."""
        try:
            data = self._socket.recv(65536) if self._socket else b""
        except OSError:
            data = b""
        if not data:
            self._break()
            return
        self._received += data
        head, separator, rest = bytes(self._received).partition(HEADER_END)
        if separator and len(rest) >= _content_length(head):
            self._hail.note(head, rest, time.perf_counter() - self._began)
            self.send()

    def close(self) -> None:
        """End the connection; what is under way is not waited for."""
        if self._socket is not None:
            with contextlib.suppress(KeyError, ValueError):
                self._ready.unregister(self._socket)
            self._socket.close()
            self._socket = None

    def _break(self) -> None:
        self._hail.broken += 1
        self.close()
        self.open_at = time.perf_counter() + RETRY_SECONDS

    @property
    def is_to_open(self) -> bool:
        """Whether it waits to be opened again, and has waited long enough."""
        return self._socket is None and time.perf_counter() >= self.open_at


def run(orders: dict[str, Any]) -> dict[str, Any]:
    """Send until the seconds are over."""
    hail = Hail(orders)
    ready = selectors.DefaultSelector()
    links = [Link(hail, ready) for _ in range(orders["connections"])]
    began = time.perf_counter()
    for link in links:
        link.send()
    while time.perf_counter() - began < orders["seconds"]:
        for key, _ in ready.select(0.05):
            key.data.take()
        for link in links:
            if link.is_to_open:
                link.send()
    seconds = time.perf_counter() - began
    for link in links:
        link.close()
    with open(orders["accepted"], "a", encoding="ascii") as file:  # noqa: PTH123  its path came as text
        file.writelines(f"{uid}\n" for uid in hail.accepted)
    return _measured(hail, seconds)


def _measured(hail: Hail, seconds: float) -> dict[str, Any]:
    latencies = sorted(hail.latencies) or [0.0]
    return {
        "seconds": seconds,
        "rate": len(hail.latencies) / seconds,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[len(latencies) * 99 // 100] * 1000,
        "max_ms": latencies[-1] * 1000,
        "statuses": hail.statuses,
        "broken": hail.broken,
        "retry_after": hail.retry_after,
        "accepted": len(hail.accepted),
    }


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
