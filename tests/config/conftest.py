import os
import shutil
import tempfile
from pathlib import Path

import pytest

from config.embedded import Postgres


@pytest.fixture
def data():
    """A data folder with a short path, so that its sockets fit in it."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


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
