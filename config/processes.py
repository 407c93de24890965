"""Watch and end processes, also those that another process started."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol

POLL_SECONDS = 0.02
KILL_TIMEOUT_SECONDS = 5.0
LOG_LIMIT_BYTES = 16 * 1024 * 1024
LIBC_SET_PARENT_DEATH_SIGNAL = 1


class Process(Protocol):
    """A child of this process, as `subprocess.Popen` shows it."""

    pid: int

    @property
    def returncode(self) -> int | None:
        """Return how it ended, if a poll has seen it end."""

    def poll(self) -> int | None:
        """Look whether it has ended."""


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Wait for a condition. Returns whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def is_running(pid: int) -> bool:
    """Tell whether a process exists and is no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return not sys.platform.startswith("linux")
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def processes_inside(folder: Path) -> list[int]:
    """Return the processes whose working directory is the folder. Linux only."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if entry.readlink() == folder:
                found.append(int(entry.parent.name))
    return found


def end_process(
    pid: int,
    child: Process | None,
    *,
    signals: tuple[signal.Signals, ...],
    patience_seconds: float,
) -> None:
    """Send the signals one after the other until the process is gone."""
    for number in signals:
        if _is_gone(pid, child):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        wait_until(lambda: _is_gone(pid, child), seconds=patience_seconds)


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies. Linux only."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(LIBC_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def open_log(path: Path) -> IO[bytes]:
    """Open a log to append to; a long one is put aside first, as `<name>.1`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")


def last_line(path: Path) -> str:
    """Return the last line of a log, or where to look if there is none."""
    with contextlib.suppress(OSError):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        if lines:
            return f"{lines[-1]} ({path})"
    return f"see {path}"


def _is_gone(pid: int, child: Process | None) -> bool:
    return child.poll() is not None if child else not is_running(pid)
