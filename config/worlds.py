"""Find the data folder that a command works on, and the world that runs on it.

Order: `--data`, `TOCSIN_DATA`, the folder of the world that this checkout's `up` runs
now, `var` in the checkout. The pointer to the running world is `var/running.json`; `up`
keeps a lock on it, so a pointer that a killed `up` left behind counts for nothing.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
DEFAULT_DATA = CHECKOUT / "var"
POINTER = DEFAULT_DATA / "running.json"


@dataclass(frozen=True, slots=True)
class World:
    """A data folder, who named it, and what the world running on it has set."""

    data: Path
    origin: str
    environment: dict[str, str] = field(default_factory=dict)


def find_world(
    chosen: str | None, environ: Mapping[str, str], *, pointer: Path = POINTER
) -> World:
    """Return the data folder to work on."""
    running = read_pointer(pointer)
    if chosen:
        named = World(_absolute(chosen), "--data")
    elif environ.get("TOCSIN_DATA"):
        named = World(_absolute(environ["TOCSIN_DATA"]), "TOCSIN_DATA")
    else:
        return running or World(DEFAULT_DATA, "default")
    if running and running.data == named.data:
        return World(named.data, named.origin, running.environment)
    return named


def read_pointer(pointer: Path = POINTER) -> World | None:
    """Return the world that this checkout's `up` runs now, if any."""
    try:
        with pointer.open(encoding="utf-8") as stream:
            if _take(stream.fileno(), fcntl.LOCK_SH):
                return None
            content = json.load(stream)
    except (OSError, json.JSONDecodeError):
        return None
    return World(Path(content["data"]), "the running world", content["environment"])


@contextlib.contextmanager
def pointed_at(
    data: Path, environment: Mapping[str, str], *, pointer: Path = POINTER
) -> Iterator[None]:
    """Point this checkout's commands to a world for the length of the block.

    Another world of this checkout that runs already keeps the pointer.
    """
    pointer.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(pointer, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w+", encoding="utf-8") as stream:
        if not _take(stream.fileno(), fcntl.LOCK_EX):
            yield
            return
        json.dump({"data": str(data), "environment": dict(environment)}, stream)
        stream.flush()
        try:
            yield
        finally:
            stream.truncate(0)


def _absolute(path: str) -> Path:
    return Path(path).expanduser().absolute()


def _take(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
