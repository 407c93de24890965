"""The project's own copy of the essential vectors, and the shared file where it is."""

import json
from pathlib import Path

import pytest

_OWN = Path(__file__).parents[2] / "vectors"
_SHARED = Path(__file__).parents[4] / "shared" / "vectors" / "ledger.json"

needs_shared = pytest.mark.skipif(
    not _SHARED.exists(), reason=f"{_SHARED} is not on this machine"
)


def own(name):
    """Return {id: vector} of one of our files."""
    return json.loads((_OWN / f"{name}.json").read_text("utf-8"))


def shared(*kinds):
    """Return the shared vectors of these kinds."""
    vectors = json.loads(_SHARED.read_text("utf-8"))["vectors"]
    return [vector for vector in vectors if vector["kind"] in kinds]
