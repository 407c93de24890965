"""Run PostgreSQL and Valkey from installed wheels, on sockets under a data folder.

Both keep every promise of a real installation: `fsync` and `synchronous_commit` are on,
Valkey writes an append-only file. A server object starts and stops one server;
`config/guard.py` keeps both alive for as long as somebody needs them.
PostgreSQL refuses some users, root first: `config/programs.py` knows the ways around.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from config.ports import socket_folder
from config.processes import (
    end_process,
    is_running,
    last_line,
    open_log,
    processes_inside,
    wait_until,
)
from config.programs import (
    ServerFailed,
    find_postgres,
    find_valkey,
    owner_of_files,
    postgres_version,
    unprivileged_prefix,
)

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 30.0
LEFTOVER_TIMEOUT_SECONDS = 15.0
BUILTIN_LOCALE_SINCE = 17
SYNCHRONOUS_IO_SINCE = 18

OWNER_ROLE = "tocsin_owner"
RUNTIME_ROLE = "tocsin_app"
SUPERUSER_ROLE = "postgres"
DATABASE = "tocsin"

Command = list[str | Path]

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "512MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "huge_pages": "off",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "max_logical_replication_workers": "0",
    "autovacuum_naptime": "10s",
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_vacuum_cost_delay": "1ms",
    "autovacuum_analyze_scale_factor": "0.05",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "lc_messages": "C",
}


class Postgres:
    """The embedded PostgreSQL of one data folder."""

    def __init__(self, data: Path, *, programs: Path | None = None) -> None:
        self.folder = data / "postgresql"
        self.log = data / "log" / "postgresql.log"
        self.sockets = socket_folder(data)
        self.programs = find_postgres(programs)
        self._child: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None

    def start(self) -> None:
        """Start it, or adopt one that runs already. Returns when it answers.

        Raises `ServerFailed`.
        """
        if not self._adopt():
            prefix = unprivileged_prefix(self.folder.parent)
            if not (self.folder / "PG_VERSION").exists():
                self._make_cluster(prefix)
            self._refuse_other_version()
            self._clear_leftovers()
            _give(self.folder, owner_of_files(prefix))
            self._launch(prefix)
        self._make_database()

    def stop(self) -> None:
        """Stop it cleanly. Returns when it is gone."""
        if self._pid is not None:
            end_process(
                self._pid,
                self._child,
                signals=(signal.SIGINT, signal.SIGQUIT, signal.SIGKILL),
                patience_seconds=STOP_TIMEOUT_SECONDS,
            )
        self._pid = self._child = None

    def is_alive(self) -> bool:
        """Tell whether its process runs."""
        return self._pid is not None and _is_alive(self._pid, self._child)

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        command: Command = [
            self.programs / "pg_isready",
            "-q",
            "-t",
            "2",
            "-U",
            SUPERUSER_ROLE,
        ]
        done = subprocess.run([*command, "-h", self.sockets], check=False)
        return done.returncode == 0

    def addresses(self) -> dict[str, str]:
        """Return the environment variables that lead to it."""
        return {
            "DATABASE_URL": self.url(RUNTIME_ROLE),
            "DATABASE_OWNER_URL": self.url(OWNER_ROLE),
        }

    def url(self, role: str, *, database: str = DATABASE) -> str:
        """Return the address of a database for a role."""
        host = quote(str(self.sockets), safe="")
        return f"postgresql://{role}@/{database}?host={host}"

    def run_sql(self, sql: str, *, database: str = SUPERUSER_ROLE) -> str:
        """Run statements as superuser and return what they print."""
        command: Command = [
            self.programs / "psql",
            "-XqAt",
            "-v",
            "ON_ERROR_STOP=1",
            "-f",
            "-",
        ]
        target: Command = ["-h", self.sockets, "-U", SUPERUSER_ROLE, "-d", database]
        done = subprocess.run(
            [*command, *target], input=sql, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ServerFailed(f"PostgreSQL refused a statement: {done.stderr.strip()}")
        return done.stdout.strip()

    def _adopt(self) -> bool:
        """Take over a server that runs here, waiting while it starts or stops.

        The process number in the lock file is believed only together with an answer
        on the socket or a process inside the folder: it may be a zombie's by now.
        """
        pid = _first_number(self.folder / "postmaster.pid")
        if pid is None or not is_running(pid):
            return False
        if not self.is_ready() and pid not in processes_inside(self.folder):
            return False
        wait_until(
            lambda: self.is_ready() or not is_running(pid),
            seconds=START_TIMEOUT_SECONDS,
        )
        if not self.is_ready():
            return False
        self._pid = pid
        return True

    def _make_cluster(self, prefix: tuple[str, ...]) -> None:
        unfinished = self.folder.with_name("postgresql.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        command: Command = [*prefix, self.programs / "initdb", "-D", unfinished]
        locale = ["--encoding=UTF8", "--locale=C.UTF-8"]
        if postgres_version(self.programs) >= BUILTIN_LOCALE_SINCE:
            locale.append("--locale-provider=builtin")
        access = [
            "-U",
            SUPERUSER_ROLE,
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
        ]
        done = subprocess.run(
            [*command, *locale, *access, "--data-checksums"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=_plain_environment(),
        )
        if done.returncode != 0:
            reason = " ".join((done.stderr or done.stdout).split())
            raise ServerFailed(f"PostgreSQL cannot make its data folder: {reason}")
        unfinished.rename(self.folder)

    def _refuse_other_version(self) -> None:
        made_by = _first_number(self.folder / "PG_VERSION")
        present = postgres_version(self.programs)
        if made_by != present:
            raise ServerFailed(
                f"The data in {self.folder} was made by PostgreSQL {made_by}, and the "
                f"programs found are version {present}. Point TOCSIN_POSTGRES_BIN to "
                f"the programs of version {made_by}, or take another data folder."
            )

    def _clear_leftovers(self) -> None:
        """End what a killed server left behind, and drop a lock file that lies.

        PostgreSQL checks its lock file itself, except where the number in it belongs
        to a zombie or to a stranger by now. The file goes only when no process works
        inside the folder any more: two servers on one folder would destroy it.
        """
        if sys.platform != "linux":
            return
        folder = self.folder
        wait_until(
            lambda: not processes_inside(folder), seconds=LEFTOVER_TIMEOUT_SECONDS
        )
        for pid in processes_inside(folder):
            end_process(
                pid, None, signals=(signal.SIGQUIT, signal.SIGKILL), patience_seconds=5
            )
        if processes_inside(folder):
            raise ServerFailed(f"Another PostgreSQL works in {folder}; end it first.")
        for lock in (folder / "postmaster.pid", *self.sockets.glob(".s.PGSQL.*")):
            lock.unlink(missing_ok=True)

    def _launch(self, prefix: tuple[str, ...]) -> None:
        settings = dict(POSTGRES_SETTINGS)
        if postgres_version(self.programs) >= SYNCHRONOUS_IO_SINCE:
            settings["io_method"] = "sync"
        program: Command = [*prefix, self.programs / "postgres", "-D", self.folder]
        options = [f"--{name}={value}" for name, value in settings.items()]
        with open_log(self.log) as log:
            child = subprocess.Popen(
                [*program, "-k", self.sockets, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_plain_environment(),
                start_new_session=True,
            )
        self._child, self._pid = child, child.pid
        wait_until(
            lambda: self.is_ready() or child.poll() is not None,
            seconds=START_TIMEOUT_SECONDS,
        )
        if child.poll() is not None or not self.is_ready():
            self.stop()
            raise ServerFailed(f"PostgreSQL does not start: {last_line(self.log)}")

    def _make_database(self) -> None:
        databases = self.run_sql("SELECT datname FROM pg_database").split()
        if DATABASE in databases:
            return
        for role in (OWNER_ROLE, RUNTIME_ROLE):
            self.run_sql(
                f"DO $$ BEGIN CREATE ROLE {role} LOGIN; "
                "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
            )
        self.run_sql(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")


class Valkey:
    """The embedded Valkey of one data folder."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "valkey"
        self.log = data / "log" / "valkey.log"
        self.socket = socket_folder(data) / "valkey.sock"
        self.program = find_valkey()
        self._child: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None

    def start(self) -> None:
        """Start it, or adopt one that runs already. Returns when it answers.

        Raises `ServerFailed`.
        """
        if self.is_ready():
            self._pid = self._running_pid()
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open_log(self.log) as log:
            child = subprocess.Popen(
                [self.program, *self._options()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._child, self._pid = child, child.pid
        wait_until(
            lambda: self.is_ready() or child.poll() is not None,
            seconds=START_TIMEOUT_SECONDS,
        )
        if child.poll() is not None or not self.is_ready():
            self.stop()
            raise ServerFailed(f"Valkey does not start: {last_line(self.log)}")

    def stop(self) -> None:
        """Stop it cleanly. Returns when it is gone."""
        if self._pid is not None:
            end_process(
                self._pid,
                self._child,
                signals=(signal.SIGTERM, signal.SIGKILL),
                patience_seconds=STOP_TIMEOUT_SECONDS,
            )
        self._pid = self._child = None

    def is_alive(self) -> bool:
        """Tell whether its process runs."""
        return self._pid is not None and _is_alive(self._pid, self._child)

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        return self._ask("PING").startswith("+PONG")

    def addresses(self) -> dict[str, str]:
        """Return the environment variables that lead to it."""
        return {"REDIS_URL": f"unix://{quote(str(self.socket))}"}

    def _options(self) -> list[str | Path]:
        return [
            *("--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700"),
            *("--dir", self.folder, "--appendonly", "yes", "--save", ""),
            *("--databases", "64"),
        ]

    def _running_pid(self) -> int | None:
        for line in self._ask("INFO server").splitlines():
            name, _, value = line.partition(":")
            if name == "process_id":
                return int(value)
        return None

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(2)
            try:
                connection.connect(str(self.socket))
                connection.sendall(f"{command}\r\n".encode())
                return connection.recv(65536).decode(errors="replace")
            except OSError:
                return ""


def _is_alive(pid: int, child: subprocess.Popen[bytes] | None) -> bool:
    return child.poll() is None if child else is_running(pid)


def _first_number(path: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(path.read_text(encoding="ascii").split()[0])
    return None


def _give(folder: Path, user_id: int) -> None:
    """Hand a folder and all in it to a user; a change needs root."""
    if folder.stat().st_uid == user_id:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user_id, -1, follow_symlinks=False)


def _plain_environment() -> dict[str, str]:
    """Return the environment without PostgreSQL's own variables and with locale C."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C"}
