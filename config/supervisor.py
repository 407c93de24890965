"""Start a list of programs, start one again that dies, and end all of them together."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from config.processes import (
    Process,
    die_with_parent,
    end_process,
    open_log,
    wait_until,
)
from config.worlds import CHECKOUT

POLL_SECONDS = 0.1
RESTART_DELAYS_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
CALM_SECONDS = 60.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, under a name that its log carries.

    `launch` starts it with its output going to the log.
    """

    name: str
    launch: Callable[[IO[bytes]], Process]


@dataclass(slots=True)
class Child:
    """One program at work, or waiting to be started again."""

    program: Program
    process: Process | None = None
    started_at: float = 0.0
    failures: int = 0
    start_at: float = field(default_factory=time.monotonic)


class Supervisor:
    """Look after programs that share one folder of logs."""

    def __init__(
        self, programs: Sequence[Program], *, logs: Path, patience_seconds: float
    ) -> None:
        self.children = [Child(program) for program in programs]
        self.is_told_to_stop = False
        self._logs = logs
        self._patience_seconds = patience_seconds

    def listen_to_signals(self) -> None:
        """Stop on Ctrl-C, on a polite kill and when the terminal goes away."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._stop_soon)

    def look_after(self) -> None:
        """Start what is due and notice what died. To be called again and again."""
        now = time.monotonic()
        for child in self.children:
            if child.process is None:
                if now >= child.start_at:
                    self._start(child)
            elif child.process.poll() is not None:
                self._bury(child, now=now)
            elif now - child.started_at > CALM_SECONDS:
                child.failures = 0

    def work(self) -> None:
        """Look after the programs until told to stop."""
        while not self.is_told_to_stop:
            self.look_after()
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End all programs, politely first. Returns when they are gone."""
        running = [child.process for child in self.children if child.process]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)
        wait_until(
            lambda: all(process.poll() is not None for process in running),
            seconds=self._patience_seconds,
        )
        for process in running:
            end_process(
                process.pid, process, signals=(signal.SIGKILL,), patience_seconds=5
            )
            _kill_group(process.pid)
        for child in self.children:
            child.process = None
        self.log("stopped")

    def log(self, event: str, **facts: object) -> None:
        """Write one line to the supervisor's own log."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        line = {"at": at, "event": event, "logger": "config.supervisor", **facts}
        with open_log(self._logs / "supervisor.log") as stream:
            stream.write(f"{json.dumps(line)}\n".encode())

    def _start(self, child: Child) -> None:
        name = child.program.name
        with open_log(self._logs / f"{name}.log") as log:
            child.process = child.program.launch(log)
        child.started_at = time.monotonic()
        self.log("started", program=name, pid=child.process.pid)

    def _bury(self, child: Child, *, now: float) -> None:
        if child.process is None:
            return
        # A killed server may leave workers of its own that hold its port.
        _kill_group(child.process.pid)
        delay = RESTART_DELAYS_SECONDS[
            min(child.failures, len(RESTART_DELAYS_SECONDS) - 1)
        ]
        self.log(
            "died, starting again soon",
            program=child.program.name,
            exit_code=child.process.returncode,
            delay_seconds=delay,
        )
        child.process, child.start_at = None, now + delay
        child.failures += 1

    def _stop_soon(self, *_: object) -> None:
        self.is_told_to_stop = True


def python_module(
    *words: object, environment: Mapping[str, str]
) -> Callable[[IO[bytes]], Process]:
    """Return how to launch a module under this interpreter."""

    def launch(log: IO[bytes]) -> Process:
        return subprocess.Popen(
            [sys.executable, "-m", *(str(word) for word in words)],
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509  no threads run here
        )

    return launch


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
