"""Open many connections that each send one byte of a request now and then.

Reads {"port", "path", "connections", "seconds"} from standard input. Half of them
trickle the head of their request, half its body; who is cut off begins again.
"""

import contextlib
import json
import socket
import sys
import time
from typing import Any

PAUSE_SECONDS = 1.0
BODY_BYTES = 1000


def run(orders: dict[str, Any]) -> dict[str, Any]:
    """Trickle until the seconds are over; returns how many were open and were cut off."""
    head = (
        f"POST {orders['path']} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {BODY_BYTES}\r\n\r\n"
    ).encode()
    starts = [head if n % 2 else head[:20] for n in range(orders["connections"])]
    links: list[socket.socket | None] = [None] * len(starts)
    cut_off = 0
    ends_at = time.monotonic() + orders["seconds"]
    sys.stderr.write("open\n")
    while time.monotonic() < ends_at:
        for number, link in enumerate(links):
            try:
                if link is None:
                    links[number] = _open(orders["port"], starts[number])
                else:
                    _check_open(link)
                    link.sendall(b"x")
            except OSError:
                cut_off += link is not None
                links[number] = None
        time.sleep(PAUSE_SECONDS)
    for link in filter(None, links):
        link.close()
    return {"open": sum(link is not None for link in links), "cut_off": cut_off}


def _open(port: int, start: bytes) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), timeout=5)
    link.sendall(start)
    return link


def _check_open(link: socket.socket) -> None:
    """Raise OSError when the server has answered or closed."""
    link.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        link.recv(1000)
        link.close()
        raise OSError
    link.setblocking(True)


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
