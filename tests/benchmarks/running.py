"""A whole Tocsin for one benchmark: servers, web server and workers as `up` runs them.

Everything stands in a data folder of its own in the temporary directory, which goes
away with it. Nothing of it listens beyond this machine.
"""

import atexit
import contextlib
import functools
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from config.commandline import set_defaults
from config.guard import hold_servers, wait_until_stopped
from config.processes import die_with_parent
from config.up import QUEUES, web_words
from config.worlds import World
from tests.benchmarks import usage

CHECKOUT = Path(__file__).resolve().parent.parent.parent
CONNECTIONS = 16
START_SECONDS = 60.0
SERVERS = ("postgresql", "valkey")
# What must not come in from outside: it leads to other servers and data.
FOREIGN = (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "BASE_URL", "EMAIL_URL"),
    *("TOCSIN_DATA", "TOCSIN_KEK_FILE", "SECRET_KEY", "SECRET_KEY_FILE"),
)
ALERTMANAGER = "/hooks/alertmanager/benchmark-alertmanager-1"
GENERIC = "/hooks/generic/benchmark-generic-key-1"

WORLD_FILE = Path(__file__).with_name("world.toml")


class Failed(Exception):
    """A benchmark could not be measured, or what it counted was wrong."""


@dataclass(slots=True)
class Running:
    """One running Tocsin, with a receiver of its webhooks beside it."""

    data: Path
    environment: dict[str, str]
    receiver_port: int
    port: int = 0
    programs: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement as the owner of the tables."""
        url = self.environment["DATABASE_OWNER_URL"]
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, query: str, *values: Any) -> Any:
        """Return the one value that a statement yields."""
        return self.sql(query, *values)[0][0]

    def send(
        self, path: str, body: str, count: int, *, port: int = 0, groups: int = 1
    ) -> dict[str, Any]:
        """Send the load from a process of its own."""
        orders = {"port": port or self.port, "path": path, "body": body}
        orders |= {"count": count, "groups": groups, "connections": CONNECTIONS}
        return run_apart("tests.benchmarks.load", orders)

    def raw_inserts(self, count: int) -> dict[str, Any]:
        """Insert single rows over 16 connections into the same PostgreSQL."""
        orders = {"url": self.environment["DATABASE_OWNER_URL"], "count": count}
        return run_apart(
            "tests.benchmarks.raw_inserts", {**orders, "connections": CONNECTIONS}
        )

    def fill(self, name: str, count: int) -> None:
        """Open incidents whose alert names begin with `name`, and start their runs."""
        orders = {"name": name, "count": count}
        run_apart("tests.benchmarks.fill", orders, self.environment)

    def received(self) -> int:
        """Return how many webhooks have come out."""
        return int(self._ask_receiver("/count")[0])

    def arrivals(self) -> list[tuple[str, float]]:
        """Return the ids of the webhooks that came out, and when."""
        return [(uid, at) for uid, at in self._ask_receiver("/arrivals")]

    def _ask_receiver(self, path: str) -> list[Any]:
        link = http.client.HTTPConnection("127.0.0.1", self.receiver_port, timeout=30)
        with contextlib.closing(link):
            link.request("GET", path)
            answer: list[Any] = json.loads(link.getresponse().read())
            return answer

    def cpu(self) -> dict[str, float]:
        """Return the processor seconds so far of each part."""
        inside = usage.working_in(self.data)
        used = {"servers": usage.cpu_seconds(inside)}
        workers = self._worker_pids()
        for name, program in self.programs.items():
            own = usage.family([program.pid]) - set(workers.values()) - inside
            used[name] = usage.cpu_seconds(own)
        for name, pid in workers.items():
            used[name.removeprefix("worker-")] = usage.cpu_seconds([pid])
        return used

    def _worker_pids(self) -> dict[str, int]:
        """Return the newest process of each program that the workers' parent started."""
        log = self.data / "log" / "supervisor.log"
        lines = log.read_text().splitlines() if log.exists() else []
        started = [
            line for line in map(json.loads, lines) if line["event"] == "started"
        ]
        return {line["program"]: int(line["pid"]) for line in started}

    @contextlib.contextmanager
    def web(self, port: int = 0) -> Iterator[int]:
        """Serve Tocsin as `up` does; yields the port."""
        port = port or free_port()
        with self.program("web", *map(str, web_words(port))):
            wait_for(port)
            yield port

    def kill_web(self) -> None:
        """Kill the web server and its workers, as a crash would."""
        process = self.programs["web"]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    @contextlib.contextmanager
    def empty_view(self) -> Iterator[int]:
        """Serve one empty view from threads of the same web server; yields the port."""
        port = free_port()
        words = ["granian", "--interface", "wsgi", "--host", "127.0.0.1"]
        words += ["--port", str(port), "--workers", "1", "--no-ws"]
        words += ["--blocking-threads", "24", "--log-level", "warning"]
        module = "tests.benchmarks.empty_site:application"
        with self.program("empty view", *words, module):
            wait_for(port)
            yield port

    @contextlib.contextmanager
    def workers(self) -> Iterator[None]:
        """Run the workers and the beat as `up` does."""
        lines = [*(f"celery worker {queue}" for queue in QUEUES), "celery beat"]
        log = str(self.data / "log")
        with self.program("workers", "config.workers", log, *lines):
            self.eventually(
                "all work", lambda: self.value(COUNT_TICKS) >= len(CONSUMERS)
            )
            yield

    @contextlib.contextmanager
    def program(self, name: str, module: str, *words: str) -> Iterator[int]:
        """Run a module as a process; yields its pid, and ends it."""
        with (self.data / "log" / f"bench-{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *words],
                cwd=CHECKOUT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509  no threads run here
            )
        self.programs[name] = process
        try:
            yield process.pid
        finally:
            end(process)
            self.programs.pop(name, None)

    def eventually(
        self, what: str, is_true: Callable[[], bool], *, seconds: float = 120
    ) -> None:
        """Wait until something holds. Raises Failed when it does not in time."""
        ends_at = time.monotonic() + seconds
        while not is_true():
            if time.monotonic() > ends_at:
                raise Failed(f"not in {seconds:.0f} s: {what}")
            time.sleep(0.05)


CONSUMERS = ("intake", "router", "timers", "delivery", "sealer")
COUNT_TICKS = (
    "SELECT count(*) FROM tocsin_tick"
    f" WHERE consumer IN ({', '.join(repr(name) for name in CONSUMERS)})"
)


@contextlib.contextmanager
def servers() -> Iterator[Running]:
    """Run servers, the receiver and a loaded world, but no site and no workers yet."""
    with _folder() as data:
        shutil.copytree(
            _made_world(),
            data,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("run"),
        )
        with _held(data) as running:
            port = str(running.receiver_port)
            with running.program("receiver", "tests.benchmarks.receiver", port):
                wait_for(running.receiver_port)
                yield running


@functools.cache
def _made_world() -> Path:
    """Make a data folder with the loaded world, which each benchmark copies."""
    folder = contextlib.ExitStack()
    atexit.register(folder.close)
    data = folder.enter_context(_folder())
    with _held(data) as running:
        manage(running, "migrate", "--verbosity", "0")
        file = data / "world.toml"
        text = WORLD_FILE.read_text(encoding="utf-8")
        file.write_text(text.replace("PORT", str(running.receiver_port)))
        manage(running, "apply", str(file))
    return data


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    data = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
    try:
        yield data
    finally:
        wait_until_stopped(data)
        shutil.rmtree(data, ignore_errors=True)


@contextlib.contextmanager
def _held(data: Path) -> Iterator[Running]:
    environment = {k: v for k, v in os.environ.items() if k not in FOREIGN}
    environment |= {
        "BASE_URL": "http://127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TOCSIN_ALLOW_PRIVATE_WEBHOOKS": "1",
        "TOCSIN_DEMO": "1",
    }
    set_defaults(environment, world=World(data, "bench"), is_embedded=True)
    with hold_servers(data, SERVERS) as addresses:
        yield Running(data, environment | addresses, _receiver_port())
    wait_until_stopped(data)


@functools.cache
def _receiver_port() -> int:
    """Return the port that the made world's contact method names."""
    return free_port()


@contextlib.contextmanager
def whole() -> Iterator[Running]:
    """Run everything."""
    with servers() as running, running.web() as port, running.workers():
        running.port = port
        yield running


def manage(running: Running, *words: str) -> None:
    """Run a `manage.py` command in the world."""
    command = [sys.executable, "manage.py", *words]
    subprocess.run(
        command,
        check=True,
        cwd=CHECKOUT,
        env=running.environment,
        stdout=subprocess.DEVNULL,
    )


def run_apart(
    module: str, orders: dict[str, Any], environment: dict[str, str] | None = None
) -> dict[str, Any]:
    """Run a module in a process of its own and return what it measured."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        env=environment,
        input=json.dumps(orders),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=CHECKOUT,
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process politely, or else with all of its group."""
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """Return when a server takes connections."""
    ends_at = time.monotonic() + START_SECONDS
    while time.monotonic() < ends_at:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    raise Failed("a server did not start")
