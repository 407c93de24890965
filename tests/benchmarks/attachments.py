"""A file of 500 MB in and out again: how fast, and what the web server's memory does.

Also: uploads that stop half-way leave nothing, and many that stand still leave threads.
"""

import contextlib
import hashlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks import usage
from tests.benchmarks.figures import Row, quantile
from tests.benchmarks.running import CHECKOUT, Failed, Running
from tests.benchmarks.running import servers as run_servers

MEGABYTES = 500
PIECE = b"0123456789abcdef" * 65_536  # a MiB
SIZE_BYTES = MEGABYTES * 1_000_000
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="weights.bin"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"
STANDING = 40
PAGES = 200
MIB = 1024 * 1024


def rows() -> Iterator[Row]:
    """Send it, fetch it, break it off, and stand still."""
    with run_servers() as running, running.web() as port:
        running.port = port
        site = _Site(running)
        memory = _Memory(running.programs["web"].pid)
        resting = memory.now()
        seconds, peak_in = memory.peak(site.upload)
        alone = _write_alone()
        yield _row("up", seconds, alone, resting, peak_in, memory.now())
        resting = memory.now()
        seconds, peak_out = memory.peak(site.download)
        yield _row("down", seconds, _read_alone(), resting, peak_out, memory.now())
        yield site.broken_off()
        yield site.standing_still()


def _row(
    way: str, seconds: float, alone: float, resting: int, peak: int, after: int
) -> Row:
    return Row(
        what=f"{MEGABYTES} MB {way} through the API",
        reach="memory flat: less than 32 MiB more while it runs",
        measured=f"{seconds:.1f} s; the web server had {resting // MIB} MiB before, "
        f"at most {peak // MIB} while, {after // MIB} after",
        limit=f"{alone:.1f} s",
        ratio=f"{seconds / alone:.1f} times",
        how="proportional memory of the web server's processes every 20 ms; alone: one "
        "process hashes a file while it "
        + ("writes and syncs it" if way == "up" else "reads it"),
    )


class _Memory:
    """The memory of the web server's processes."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def now(self) -> int:
        return sum(map(usage.pss_bytes, usage.family([self._pid])))

    def peak(self, act: Any) -> tuple[float, int]:
        """Do it; returns how long it took and the most memory meanwhile."""
        is_over, most = threading.Event(), [self.now()]

        def watch() -> None:
            while not is_over.wait(0.02):
                most.append(self.now())

        watcher = threading.Thread(target=watch)
        watcher.start()
        began = time.monotonic()
        try:
            act()
        finally:
            seconds = time.monotonic() - began
            is_over.set()
            watcher.join()
        return seconds, max(most)


class _Site:
    """Speaks to the API as a program of the lab does."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._token = _token(running)
        filed = {"title": "Weights copied", "category": "WGT", "severity": 3}
        answer = self._ask("POST", "/api/v1/incidents/", json.dumps(filed))
        self._files = f"/api/v1/incidents/{answer['ref']}/attachments/"
        self._digest = ""
        self._uid = ""

    def upload(self) -> None:
        """Send the file."""
        link = self._begin(SIZE_BYTES)
        digest = hashlib.sha256()
        for piece in _pieces(SIZE_BYTES):
            digest.update(piece)
            link.send(piece)
        link.send(TAIL)
        answer = _answer(link, 201)
        self._digest, self._uid = digest.hexdigest(), answer["id"]
        if (answer["sha256"], answer["size_bytes"]) != (self._digest, SIZE_BYTES):
            raise Failed(f"another file was stored: {answer}")

    def download(self) -> None:
        """Fetch the file."""
        link = self._link()
        link.request("GET", f"{self._files}{self._uid}/", headers=self._headers())
        response = link.getresponse()
        digest = hashlib.sha256()
        while piece := response.read(MIB):
            digest.update(piece)
        link.close()
        if digest.hexdigest() != self._digest:
            raise Failed(f"another file came back: {response.status}")

    def broken_off(self) -> Row:
        """Break off half of the uploads' bodies."""
        before, tries = self._kept(), 5
        for _ in range(tries):
            link = self._begin(SIZE_BYTES)
            for piece in _pieces(20_000_000):
                link.send(piece)
            link.close()
        folder = self._running.data / "attachments"
        parts = lambda: list(folder.rglob("*.part"))  # noqa: E731  asked again
        self._running.eventually("no part is left", lambda: not parts(), seconds=30)
        left = self._kept() - before
        if left:
            raise Failed(f"{left} files were stored of uploads that broke off")
        return Row(
            what=f"{tries} uploads of {MEGABYTES} MB that break off",
            reach="no row and no file",
            measured=f"{left} rows, {len(parts())} files",
            limit="",
            ratio="",
            how="the sender goes away after 20 MB",
        )

    def standing_still(self) -> Row:
        """Ask for pages while many uploads neither go on nor end."""
        with contextlib.ExitStack() as held:
            for number in range(STANDING):
                token = self._token if number % 2 else f"of nobody {number}"
                link = self._begin(SIZE_BYTES, token=token)
                with contextlib.suppress(OSError):  # who is refused may be cut off
                    link.send(PIECE)
                held.callback(link.close)
            time.sleep(1)
            took = [self._page() for _ in range(PAGES)]
        return Row(
            what=f"{STANDING} uploads that stand still",
            reach="pages are answered as before",
            measured=f"p99 {quantile(took, 0.99) * 1000:.0f} ms of {PAGES} sign-in pages",
            limit="",
            ratio="",
            how="each has sent a MiB of 500 MB; half of them with a good token",
        )

    def _page(self) -> float:
        began = time.monotonic()
        link = self._link(timeout=10)
        link.request("GET", "/sign-in/")
        if (status := link.getresponse().status) != http.HTTPStatus.OK:
            raise Failed(f"a page was answered with {status}")
        link.close()
        return time.monotonic() - began

    def _kept(self) -> int:
        return int(self._running.value("SELECT count(*) FROM tocsin_attachment"))

    def _link(self, timeout: float = 120) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(
            "127.0.0.1", self._running.port, timeout=timeout
        )

    def _headers(self, token: str = "") -> dict[str, str]:
        return {"Authorization": f"Bearer {token or self._token}"}

    def _begin(self, size_bytes: int, *, token: str = "") -> http.client.HTTPConnection:
        link = self._link()
        link.putrequest("POST", self._files)
        link.putheader("Authorization", self._headers(token)["Authorization"])
        link.putheader("Content-Type", "multipart/form-data; boundary=b")
        link.putheader("Content-Length", str(len(HEAD) + size_bytes + len(TAIL)))
        link.endheaders(HEAD)
        return link

    def _ask(self, method: str, path: str, body: str) -> dict[str, Any]:
        link = self._link()
        headers = {**self._headers(), "Content-Type": "application/json"}
        link.request(method, path, body, headers)
        return _answer(link, 201)


def _answer(link: http.client.HTTPConnection, status: int) -> dict[str, Any]:
    with contextlib.closing(link):
        response = link.getresponse()
        text = response.read()
    if response.status != status:
        raise Failed(f"answered {response.status}: {text[:300]!r}")
    answer: dict[str, Any] = json.loads(text)
    return answer


def _token(running: Running) -> str:
    command = ["create_token", "--user", "duty@bench.example", "--name", "bench"]
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=CHECKOUT,
        env=running.environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.split()[-1]


def _pieces(size_bytes: int) -> Iterator[bytes]:
    for first in range(0, size_bytes, len(PIECE)):
        yield PIECE[: size_bytes - first]


def _write_alone() -> float:
    """Return how long one process takes to hash, write and sync as much."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        digest, began = hashlib.sha256(), time.monotonic()
        with (Path(folder) / "file").open("wb") as target:
            for piece in _pieces(SIZE_BYTES):
                digest.update(piece)
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        return time.monotonic() - began


def _read_alone() -> float:
    """Return how long one process takes to read and hash as much."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        path = Path(folder) / "file"
        with path.open("wb") as target:
            target.writelines(_pieces(SIZE_BYTES))
        digest, began = hashlib.sha256(), time.monotonic()
        with path.open("rb") as source:
            while piece := source.read(MIB):
                digest.update(piece)
        return time.monotonic() - began
