"""Give the tests a real PostgreSQL and a real Valkey.

With no `DATABASE_URL` (and `DATABASE_OWNER_URL`) or no `REDIS_URL` set, the embedded
servers run for the session on a data folder of its own. Tests connect as the runtime
role, to clones of one database that the owner has migrated; nothing is ever flushed.
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from pytest_django import DjangoDbBlocker

from config.commandline import missing_servers, set_defaults
from config.embedded import SUPERUSER_ROLE, Postgres, Valkey
from config.guard import hold_servers, wait_until_stopped
from config.worlds import World

DATA = Path(tempfile.mkdtemp(prefix="tocsin-test-"))
EMBEDDED = missing_servers(os.environ)
TEMPLATE = f"tocsin_template_{os.getpid()}"
SHARED = f"tocsin_test_{os.getpid()}"
FIRST_FREE_BROKER, LAST_BROKER = 1, 63
SET_HERE: list[str] = []  # names of the environment that this file has set


def _chosen_postgres() -> Postgres:
    chosen = os.environ.get("TOCSIN_POSTGRES_BIN")
    return Postgres(DATA, programs=Path(chosen) if chosen else None)


def _set_environment() -> str:
    """Set all addresses before Django reads its settings. Returns the admin's."""
    given = set(os.environ)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ.setdefault("SECRET_KEY", "only-for-tests-" * 4)
    world = World(DATA, "tests")
    set_defaults(os.environ, world=world, is_embedded=True)
    admin = os.environ.get("DATABASE_OWNER_URL", "")
    if "postgresql" in EMBEDDED:
        postgres = _chosen_postgres()
        os.environ.update(postgres.addresses())
        admin = postgres.url(SUPERUSER_ROLE, database="postgres")
    if "valkey" in EMBEDDED:
        os.environ.update(Valkey(DATA).addresses())
    SET_HERE.extend(set(os.environ) - given)
    return admin


def _set_up_django() -> None:
    """Load the models now: the conftest of a deeper folder may import them."""
    import django  # noqa: PLC0415  the environment comes first
    from django.conf import settings  # noqa: PLC0415

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django.setup()


ADMIN_URL = _set_environment()
_set_up_django()


@dataclass(frozen=True, slots=True)
class Database:
    """A database of a test's own."""

    name: str
    url: str
    owner_url: str

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a process that works on this database."""
        urls = {"DATABASE_URL": self.url, "DATABASE_OWNER_URL": self.owner_url}
        return {**os.environ, **urls, **more}


def pytest_configure(config: pytest.Config) -> None:
    """Have each worker of a parallel run make its own servers and addresses."""
    if getattr(config.option, "numprocesses", None):
        for name in SET_HERE:
            os.environ.pop(name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the scenarios first: they are few and long."""
    items.sort(key=lambda item: item.get_closest_marker("scenario") is None)


def pytest_unconfigure() -> None:
    wait_until_stopped(DATA)
    shutil.rmtree(DATA, ignore_errors=True)


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    """Run the servers that the environment does not name."""
    with hold_servers(DATA, EMBEDDED):
        yield


@pytest.fixture(scope="session")
def clone_database(
    servers: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Callable[[str], Database]]:
    """Return a function that makes a fresh copy of the migrated database."""
    owner = urlsplit(os.environ["DATABASE_OWNER_URL"]).username
    with psycopg.connect(ADMIN_URL, autocommit=True) as admin:
        made = [TEMPLATE]
        _drop(admin, TEMPLATE)
        admin.execute(f'CREATE DATABASE "{TEMPLATE}" OWNER "{owner}"')
        with django_db_blocker.unblock():
            _migrate(_database(TEMPLATE))

        def clone(name: str) -> Database:
            _drop(admin, name)
            admin.execute(
                f'CREATE DATABASE "{name}" OWNER "{owner}" TEMPLATE "{TEMPLATE}"'
            )
            made.append(name)
            return _database(name)

        yield clone
        _close_connections()
        for name in made:
            _drop(admin, name)


@pytest.fixture(scope="session")
def django_db_setup(
    clone_database: Callable[[str], Database], django_db_blocker: DjangoDbBlocker
) -> None:
    """Connect this process as the runtime role to a copy of its own."""
    database = clone_database(SHARED)
    with django_db_blocker.unblock():
        _connect_to(database.url)


@pytest.fixture
def world_database(
    django_db_setup: None,
    clone_database: Callable[[str], Database],
    django_db_blocker: DjangoDbBlocker,
    request: pytest.FixtureRequest,
) -> Iterator[Database]:
    """Give the test a database of its own, for commits, threads and other processes."""
    name = f"{SHARED}_{abs(hash(request.node.nodeid)) % 10**9}"
    database = clone_database(name)
    with django_db_blocker.unblock():
        _connect_to(database.url)
        try:
            yield database
        finally:
            _connect_to(os.environ["DATABASE_URL"], name=SHARED)
            with psycopg.connect(ADMIN_URL, autocommit=True) as admin:
                _drop(admin, name)


_broker_numbers = itertools.cycle(range(FIRST_FREE_BROKER, LAST_BROKER + 1))


@pytest.fixture
def redis_url(servers: None) -> Iterator[str]:
    """Return the address of an empty broker database of the test's own."""
    server = os.environ["REDIS_URL"].partition("?")[0]
    url = f"{server}?db={next(_broker_numbers)}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


def _database(name: str) -> Database:
    url = os.environ["DATABASE_URL"]
    owner_url = os.environ["DATABASE_OWNER_URL"]
    return Database(name, _renamed(url, name), _renamed(owner_url, name))


def _renamed(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _drop(admin: psycopg.Connection, name: str) -> None:
    admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _connect_to(url: str, *, name: str | None = None) -> None:
    from django.db import connections  # noqa: PLC0415  the environment comes first

    from config import addresses  # noqa: PLC0415

    _close_connections()
    values: Mapping[str, object] = addresses.database(
        _renamed(url, name) if name else url
    )
    connections["default"].settings_dict.update({**values, "CONN_MAX_AGE": 0})


def _close_connections() -> None:
    from django.db import connections  # noqa: PLC0415  the environment comes first

    connections.close_all()


def _migrate(database: Database) -> None:
    from django.core.management import call_command  # noqa: PLC0415  see above

    _connect_to(database.owner_url)
    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    _close_connections()
