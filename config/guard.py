"""Keep the embedded servers of a data folder alive while somebody needs them.

A process that needs a server holds a shared lock on `run/holders.lock`. The first one
starts the guard, a small process which starts the servers, restarts one that dies and
stops them when it gets that lock for itself, that is, when nobody holds it any more. The
kernel gives locks back for killed processes too, so nothing is left running behind them.
If the guard itself is killed, the next one adopts the servers that still run.

The guard listens through files in `run/`: `want-<server>` asks for a server and
`servers.json` tells the addresses of those that run and why others do not.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from config.embedded import Postgres, Valkey
from config.processes import last_line, open_log, wait_until
from config.programs import ServerFailed

CHECKOUT = Path(__file__).resolve().parent.parent
READY_TIMEOUT_SECONDS = 90.0
STOP_TIMEOUT_SECONDS = 60.0
GUARD_POLL_SECONDS = 0.1
LOCK_PATIENCE_SECONDS = 1.0
RESTART_DELAYS_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0)
CALM_SECONDS = 60.0


class Server(Protocol):
    """A server that can be started, watched and stopped."""

    def start(self) -> None:
        """Start it, or adopt one that runs already. Returns when it answers."""

    def stop(self) -> None:
        """Stop it cleanly. Returns when it is gone."""

    def is_alive(self) -> bool:
        """Tell whether its process runs."""

    def addresses(self) -> dict[str, str]:
        """Return the environment variables that lead to it."""


def _embedded_postgres(data: Path) -> Server:
    chosen = os.environ.get("TOCSIN_POSTGRES_BIN")
    return Postgres(data, programs=Path(chosen) if chosen else None)


SERVERS: dict[str, Callable[[Path], Server]] = {
    "postgresql": _embedded_postgres,
    "valkey": Valkey,
}

# The guards that this process started: a forgotten one would be complained about.
_guards: list[subprocess.Popen[bytes]] = []


@contextlib.contextmanager
def hold_servers(data: Path, names: Collection[str]) -> Iterator[dict[str, str]]:
    """Keep the named servers running for the length of the block.

    Yields the environment variables that lead to them. Raises `ServerFailed`.
    """
    if not names:
        yield {}
        return
    run = data / "run"
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(run / "holders.lock", fcntl.LOCK_SH):
        with _locked(run / "start.lock", fcntl.LOCK_EX):
            addresses = _start(data, names)
        yield addresses


def wait_until_stopped(data: Path) -> bool:
    """Wait until no guard works on the data folder. Returns whether that came true."""
    lock = data / "run" / "guard.lock"
    return wait_until(
        lambda: not lock.exists() or not _is_locked(lock), seconds=STOP_TIMEOUT_SECONDS
    )


def _start(data: Path, names: Collection[str]) -> dict[str, str]:
    run = data / "run"
    for name in names:
        (run / f"want-{name}").touch()
    guard: subprocess.Popen[bytes] | None = None
    if not _is_locked(run / "guard.lock"):
        (run / "servers.json").unlink(missing_ok=True)
        guard = _spawn_guard(data)

    def is_settled() -> bool:
        report = _read_report(run)
        is_over = guard is not None and guard.poll() is not None
        return is_over or all(name in report for name in names)

    wait_until(is_settled, seconds=READY_TIMEOUT_SECONDS)
    report = _read_report(run)
    addresses: dict[str, str] = {}
    for name in names:
        entry = report.get(name, {"error": last_line(data / "log" / "guard.log")})
        if "error" in entry:
            raise ServerFailed(entry["error"])
        addresses |= entry
    return addresses


def _spawn_guard(data: Path) -> subprocess.Popen[bytes]:
    with open_log(data / "log" / "guard.log") as log:
        guard = subprocess.Popen(
            [sys.executable, "-m", "config.guard", data],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _guards.append(guard)
    return guard


def _read_report(run: Path) -> dict[str, dict[str, str]]:
    with contextlib.suppress(OSError, json.JSONDecodeError):
        report: dict[str, dict[str, str]] = json.loads(
            (run / "servers.json").read_text(encoding="utf-8")
        )
        return report
    return {}


@contextlib.contextmanager
def _locked(path: Path, kind: int) -> Iterator[IO[str]]:
    with path.open("a+", encoding="utf-8") as stream:
        fcntl.flock(stream, kind)
        yield stream


def _is_locked(path: Path) -> bool:
    try:
        with _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB):
            return False
    except BlockingIOError:
        return True


@dataclass(slots=True)
class _Watched:
    """One server in the guard's care."""

    server: Server
    started_at: float = field(default_factory=time.monotonic)
    failures: int = 0
    retry_at: float = 0.0


class Guard:
    """Look after the servers of one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.run = data / "run"
        self.report: dict[str, dict[str, str]] = {}
        self.watched: dict[str, _Watched] = {}
        self.is_told_to_stop = False

    def work(self) -> None:
        """Serve until nobody holds the servers, or until told to stop."""
        self._write_report()
        while not self.is_told_to_stop:
            self._start_wanted()
            self._restart_dead()
            with contextlib.suppress(BlockingIOError), self._holders_gone():
                self.stop()
                return
            time.sleep(GUARD_POLL_SECONDS)
        self.stop()

    def _holders_gone(self) -> contextlib.AbstractContextManager[IO[str]]:
        """Keep new holders waiting, so that nobody meets servers that stop."""
        return _locked(self.run / "holders.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)

    def stop(self) -> None:
        """Stop all servers and forget what was asked for."""
        for name in SERVERS:
            (self.run / f"want-{name}").unlink(missing_ok=True)
        for name, watched in self.watched.items():
            watched.server.stop()
            _log("server stopped", server=name)
        (self.run / "servers.json").unlink(missing_ok=True)

    def _start_wanted(self) -> None:
        for name, make in SERVERS.items():
            if name in self.report or not (self.run / f"want-{name}").exists():
                continue
            try:
                server = make(self.data)
                server.start()
            except (ServerFailed, OSError) as error:
                self.report[name] = {"error": str(error)}
                _log("server failed", server=name, error=str(error))
            else:
                self.watched[name] = _Watched(server)
                self.report[name] = server.addresses()
                _log("server started", server=name)
            self._write_report()

    def _restart_dead(self) -> None:
        for name, watched in self.watched.items():
            now = time.monotonic()
            if watched.server.is_alive():
                if now - watched.started_at > CALM_SECONDS:
                    watched.failures = 0
            elif now >= watched.retry_at:
                self._restart(name, watched, now=now)

    def _restart(self, name: str, watched: _Watched, *, now: float) -> None:
        step = min(watched.failures, len(RESTART_DELAYS_SECONDS) - 1)
        watched.failures += 1
        watched.retry_at = now + RESTART_DELAYS_SECONDS[step]
        _log("server died, starting it again", server=name, failures=watched.failures)
        try:
            watched.server.start()
        except (ServerFailed, OSError) as error:
            _log("server failed", server=name, error=str(error))
        else:
            watched.started_at = time.monotonic()

    def _write_report(self) -> None:
        unfinished = self.run / "servers.json.unfinished"
        unfinished.write_text(json.dumps(self.report), encoding="utf-8")
        unfinished.replace(self.run / "servers.json")


def _log(event: str, **facts: object) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = json.dumps({"at": at, "event": event, "logger": "config.guard", **facts})
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main(data: Path) -> None:
    """Guard the servers of a data folder, unless somebody does so already."""
    guard = Guard(data)

    def stop(*_: object) -> None:
        guard.is_told_to_stop = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Others look at the lock by taking it for an instant: one refusal means little.
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(BlockingIOError):
            with _locked(guard.run / "guard.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
                guard.work()
            return
        time.sleep(GUARD_POLL_SECONDS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
