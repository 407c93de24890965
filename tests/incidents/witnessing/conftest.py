import pytest


@pytest.fixture(autouse=True)
def witness_key_file(settings, tmp_path):
    settings.WITNESS_KEY_FILE = tmp_path / "witness" / "key"
    return settings.WITNESS_KEY_FILE
