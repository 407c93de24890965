"""What processes use: proportional memory and processor time, from /proc."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
KIB = 1024


def family(roots: Iterable[int]) -> set[int]:
    """Return these processes and all that descend from them."""
    children: dict[int, list[int]] = {}
    for entry in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            children.setdefault(int(_stat(int(entry.name))[1]), []).append(
                int(entry.name)
            )
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


def working_in(folder: Path) -> set[int]:
    """Return the processes whose working directory is in the folder."""
    found = set()
    for entry in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "cwd").readlink().is_relative_to(folder):
                found.add(int(entry.name))
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time of the processes and of their children that ended."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError):
            # Fields 14 to 17: user and system time, own and of ended children.
            total += sum(int(field) for field in _stat(pid)[11:15])
    return total / TICKS_PER_SECOND


def pss_bytes(pid: int) -> int:
    """Return the proportional set size: shared pages count by share."""
    with contextlib.suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * KIB
    return 0


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third on."""
    text = (PROC / str(pid) / "stat").read_text()
    return text.rpartition(")")[2].split()
