"""Run Celery's workers and beat as forks of one process that has loaded everything.

Forks share the memory of the loaded code, which halves what the workers need. Each
argument is one program: `celery worker QUEUE` or `celery beat`.
"""

import gc
import importlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from config.niceness import be_nice
from config.processes import Process, die_with_parent
from config.supervisor import STOP_SIGNALS, Program, Supervisor

if TYPE_CHECKING:
    from celery import Celery

STOP_PATIENCE_SECONDS = 15.0
# Where processors are scarce, timers and messages go before deliveries to be read, and
# bundles of evidence come last.
# Sealing needs a twentieth of what made the entries; with less it falls behind a storm.
NICENESS = {"intake": 10, "evidence": 15}
FAILED = 1
# Loaded before the first fork; Celery itself loads them only when they are needed.
SHARED_MODULES = (
    "celery.app.amqp",
    "celery.app.control",
    "celery.app.events",
    "celery.app.log",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.concurrency.solo",
    "celery.events.receiver",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.control",
    "celery.worker.loops",
    "celery.worker.pidbox",
    "celery.worker.strategy",
    "kombu.transport.redis",
)


class Fork:
    """A fork of this process, watched like a `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Look whether it has ended."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def forked(function: Callable[[], object]) -> Callable[[IO[bytes]], Process]:
    """Return how to launch a function in a fork. Requires that no thread runs."""

    def launch(log: IO[bytes]) -> Process:
        pid = os.fork()
        if pid == 0:
            _become(log, function)
        return Fork(pid)

    return launch


def main(logs: Path, lines: list[str]) -> None:
    """Load the application and look after its forks until told to stop."""
    # Settings and models are loaded here, once, and not when this module is read.
    import django  # noqa: PLC0415

    django.setup()
    from django.urls import get_resolver  # noqa: PLC0415

    from config.celery import app  # noqa: PLC0415

    for name in SHARED_MODULES:
        importlib.import_module(name)
    app.loader.import_default_modules()
    # The first link in a message would load all views: a second, in each worker.
    get_resolver().reverse("incident-detail", "INC-0")
    app.finalize()
    gc.collect()
    gc.freeze()
    supervisor = Supervisor(
        [_program(app, line) for line in lines],
        logs=logs,
        patience_seconds=STOP_PATIENCE_SECONDS,
    )
    supervisor.listen_to_signals()
    try:
        supervisor.work()
    finally:
        supervisor.stop()


def _program(app: "Celery", line: str) -> Program:
    kind, *queues = line.split()[1:]
    if kind == "beat":
        return Program("beat", forked(lambda: app.Beat(loglevel="INFO").run()))

    def work() -> None:
        be_nice(max(NICENESS.get(queue, 0) for queue in queues))
        worker = app.Worker(
            hostname=f"{'-'.join(queues)}@{socket.gethostname()}",
            pool_cls="solo",
            queues=queues,
            loglevel="INFO",
            without_gossip=True,
            without_heartbeat=True,
            without_mingle=True,
        )
        worker.start()
        sys.exit(worker.exitcode)

    return Program(f"worker-{'-'.join(queues)}", forked(work))


def _become(log: IO[bytes], function: Callable[[], object]) -> None:
    """Turn this fork into a program of its own. Never returns."""
    code = FAILED
    try:
        os.setsid()
        die_with_parent()
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        for descriptor in (sys.stdout.fileno(), sys.stderr.fileno()):
            os.dup2(log.fileno(), descriptor)
        function()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else FAILED
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
