import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from config.embedded import Postgres


@contextlib.contextmanager
def _data_folder():
    folder = Path(tempfile.mkdtemp(prefix="tocsin-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def make_data_folder():
    """Returns a context manager: a data folder whose sockets fit in it."""
    return _data_folder


@pytest.fixture
def data(make_data_folder):
    with make_data_folder() as folder:
        yield folder


@pytest.fixture
def make_postgres():
    """Returns a function that makes a server object; all are stopped at the end."""
    made = []

    def make(folder):
        chosen = os.environ.get("TOCSIN_POSTGRES_BIN")
        made.append(Postgres(folder, programs=Path(chosen) if chosen else None))
        return made[-1]

    yield make
    for server in made:
        server.stop()
        shutil.rmtree(server.sockets, ignore_errors=True)
