"""Ask the front without a web server: its requests as RSGI gives them."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from config.front import HOOK_PACE, Front


@dataclass
class Scope:
    """The head of a request."""

    path: str
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    query_string: str = ""
    client: str = "127.0.0.1:50000"
    server: str = "127.0.0.1:8000"
    scheme: str = "http"
    http_version: str = "1.1"
    authority: str | None = None


class Channel:
    """A body that comes in pieces, each after its pause, and the answer that was sent."""

    def __init__(self, pieces, *, pause=0.0):
        self.pieces = list(pieces)
        self.pause = pause
        self.answer = None
        self.pieces_given = []

    async def __call__(self):
        return b"".join([piece async for piece in self])

    async def __aiter__(self):
        for piece in self.pieces:
            if self.pause:
                await asyncio.sleep(self.pause)
            self.pieces_given.append(piece)
            yield piece

    def response_bytes(self, status, headers, body):
        self.answer = (status, dict(headers), body)

    def response_file(self, status, headers, file):
        self.answer = (status, dict(headers), file)


def site(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"the site"]


def ask_front(  # noqa: PLR0913  one request, and what stands behind the front
    path,
    body=b"{}",
    *,
    method="POST",
    headers=None,
    channel=None,
    store=None,
    ping=None,
    site=site,
    pace=HOOK_PACE,
    **scope: Any,
):
    """Send one request; returns status, headers and body. `store` is a plain function."""

    async def stored(arrival):
        return store(arrival)

    async def ask():
        front = Front(site, store=stored, ping=ping, threads=1, hook_pace=pace)
        await front.__rsgi__(Scope(path, method, sent, **scope), channel)

    sent = {"content-length": str(len(body)), **(headers or {})}
    channel = channel or Channel([body])
    asyncio.run(ask())
    return channel.answer
