import tomllib
from pathlib import Path

from incidents.ledger.version import VERSION

PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_verifier_has_the_version_of_the_project():
    assert tomllib.loads(PROJECT.read_text())["project"]["version"] == VERSION
