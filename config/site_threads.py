"""Run the Django site in threads, behind a web server that speaks RSGI.

A thread is given a request whose body has come, and gives back an answer that is
whole, or the path of the file to send: it never waits for a slow peer.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, TypeVar

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Headers = list[tuple[str, str]]
T = TypeVar("T")

# As many as a site of this size works off in some seconds; what comes on top is told
# to come back, instead of waiting for longer than its sender does.
MAX_WAITING: Final = 200


@dataclass(frozen=True, slots=True)
class Page:
    """What the site answers: its bytes, or the file that holds them."""

    status: int
    headers: Headers
    data: bytes = b""
    file: str = ""


class Busy(Exception):
    """So many requests wait for a thread that another would wait too long."""


@dataclass(slots=True)
class _SentFile:
    """What Django answers when it wants a file to be sent (`wsgi.file_wrapper`)."""

    file: IO[bytes]
    block_size: int = 8192

    def path(self) -> str:
        """Return where the file is, if all of it is to be sent; else nothing."""
        name: object = getattr(self.file, "name", None)
        if not isinstance(name, str | Path) or self.file.tell() != 0:
            return ""
        return str(name) if Path(name).is_file() else ""


@dataclass(slots=True)
class _Start:
    status: int = 500
    headers: Headers = field(default_factory=list)

    def __call__(self, status: str, headers: Headers, exc_info: Any = None) -> None:
        self.status, self.headers = int(status[:3]), headers


class SiteThreads:
    """The threads in which the site answers."""

    def __init__(self, site: Application, *, count: int) -> None:
        self._site = site
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="site")
        self._count = count
        self._under_way = 0

    async def answer(self, environ: Environ) -> Page:
        """Answer one request. Raises Busy."""
        return await self.run(lambda: call_site(self._site, environ))

    async def run(self, call: Callable[[], T]) -> T:
        """Call something in one of the threads. Raises Busy."""
        if self._under_way >= self._count + MAX_WAITING:
            raise Busy
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, call)
        finally:
            self._under_way -= 1


def call_site(site: Application, environ: Environ) -> Page:
    """Call a WSGI application and take in its answer."""
    start = _Start()
    environ["wsgi.file_wrapper"] = _SentFile
    answer = site(environ, start)
    if isinstance(answer, _SentFile):
        try:
            if path := answer.path():
                return Page(start.status, start.headers, file=path)
            return Page(start.status, start.headers, answer.file.read())
        finally:
            answer.file.close()
    try:
        data = b"".join(answer)
    finally:
        if close := getattr(answer, "close", None):
            close()
    return Page(start.status, start.headers, data)
