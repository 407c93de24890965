"""What everything that `manage.py up` starts holds in memory when nothing happens."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from config.guard import wait_until_stopped
from tests.benchmarks import usage
from tests.benchmarks.figures import Row
from tests.benchmarks.running import CHECKOUT, FOREIGN, free_port, wait_for

IDLE_SECONDS = 60
MIB = 1024 * 1024
# How a process is named in the table: the first of these that its command line holds.
NAMES = (
    ("postgres", "PostgreSQL"),
    ("valkey", "Valkey"),
    ("granian", "web"),
    ("config.workers", "workers and beat"),
    ("config.guard", "guard"),
    ("demo_receiver", "demo receiver"),
    ("manage.py", "up"),
)


def rows() -> Iterator[Row]:
    """Measure `up` after a minute in which nobody did anything."""
    with _up() as (data, pid):
        time.sleep(IDLE_SECONDS)
        parts = _memory(data, pid)
    bare = _interpreter_bytes()
    total = sum(parts.values())
    each = ", ".join(f"{name} {size / MIB:.0f}" for name, size in parts.most_common())
    yield Row(
        what="memory of everything (`up`, idle)",
        reach="≤ 600 MB",
        measured=f"{total / 1e6:.0f} MB",
        limit=f"one interpreter that has loaded nothing {bare / 1e6:.0f} MB",
        ratio=f"{total / bare:.0f} times",
        how=f"proportional set size after {IDLE_SECONDS} s; in MiB: {each}",
    )


@contextlib.contextmanager
def _up() -> Iterator[tuple[Path, int]]:
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        data, port = Path(folder), free_port()
        environment = {k: v for k, v in os.environ.items() if k not in FOREIGN}
        command = [sys.executable, "manage.py", "up", "--port", str(port)]
        process = subprocess.Popen(
            [*command, "--data", folder],
            cwd=CHECKOUT,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_for(port)
            yield data, process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
            wait_until_stopped(data)


def _memory(data: Path, pid: int) -> Counter[str]:
    parts: Counter[str] = Counter()
    for one in usage.family([pid]) | usage.working_in(data):
        if size := usage.pss_bytes(one):
            parts[_name_of(one)] += size
    return parts


def _name_of(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    return next((name for part, name in NAMES if part in words), words[:40])


def _interpreter_bytes() -> int:
    """Return the memory of a Python that only waits."""
    idle = subprocess.Popen(
        [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with idle:
        if idle.stdout is not None:
            idle.stdout.readline()
        return usage.pss_bytes(idle.pid)
