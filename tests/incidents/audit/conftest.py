import pytest

from tests.incidents.audit.audited_log import Log


@pytest.fixture
def log(world_database, tmp_path):
    return Log(world_database, tmp_path)
