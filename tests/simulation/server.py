"""The simulator's own PostgreSQL: one template, a fresh copy for every fifty seeds."""

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import django
import psycopg
from django.core.management import call_command
from django.db import connections

from config import addresses
from config.commandline import set_defaults
from config.embedded import OWNER_ROLE, SUPERUSER_ROLE, Postgres
from config.worlds import World

_TEMPLATE = "simulation_template"
_ENGINE = "tests.simulation.backend"


class Server:
    """A server that can be killed and started again, and the database in use."""

    def __init__(self, data: Path):
        self.postgres = Postgres(data)
        self.database = ""
        self._monitor: psycopg.Connection | None = None

    def monitor(self) -> psycopg.Connection:
        """Return a superuser's connection that watches, outside all transactions."""
        if self._monitor is None or self._monitor.closed:
            url = self.postgres.url(SUPERUSER_ROLE, database=self.database)
            self._monitor = psycopg.connect(url, autocommit=True)
        return self._monitor

    def use_fresh_database(self, name: str) -> None:
        """Have everybody who connects from now on work on a copy of the template."""
        self.disconnect()
        if self.database:
            self._admin(f'DROP DATABASE "{self.database}" WITH (FORCE)')
        self._admin(
            f'CREATE DATABASE "{name}" OWNER "{OWNER_ROLE}" TEMPLATE "{_TEMPLATE}"'
        )
        self.database = name
        _point_django_to(os.environ["DATABASE_URL"], name)

    def kill_and_start(self) -> None:
        """End the server at once, as a crash does, and start it again."""
        pid = self.postgres._pid
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)
        while self.postgres.is_alive():
            time.sleep(0.005)
        self.postgres.start()
        self.disconnect()

    def disconnect(self) -> None:
        if self._monitor is not None:
            self._monitor.close()
            self._monitor = None
        connections.close_all()

    def make_template(self) -> None:
        self._admin(f'CREATE DATABASE "{_TEMPLATE}" OWNER "{OWNER_ROLE}"')
        _point_django_to(os.environ["DATABASE_OWNER_URL"], _TEMPLATE)
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
        self.disconnect()

    def _admin(self, sql: str) -> None:
        url = self.postgres.url(SUPERUSER_ROLE, database="postgres")
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(sql)


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """Run a server in a folder of its own, Django set up to work on it."""
    with tempfile.TemporaryDirectory(prefix="tocsin-simulation-") as folder:
        server = Server(Path(folder))
        try:
            server.postgres.start()
            _set_up_django(server, Path(folder))
            server.make_template()
            yield server
        finally:
            server.disconnect()
            server.postgres.stop()


def _set_up_django(server: Server, folder: Path) -> None:
    os.environ.update(server.postgres.addresses())
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["SECRET_KEY"] = "only-for-tests-" * 4
    os.environ["TOCSIN_DATA"] = str(folder)
    os.environ.pop("TOCSIN_KEK_FILE", None)
    os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")
    set_defaults(os.environ, world=World(folder, "tests"), is_embedded=True)
    django.setup()


def _point_django_to(url: str, name: str) -> None:
    parts = urlsplit(url)._replace(path=f"/{name}")
    values = {**addresses.database(parts.geturl()), "ENGINE": _ENGINE}
    values["CONN_MAX_AGE"] = None
    connections.settings["default"].update(values)
    connections["default"].settings_dict.update(values)
