from pathlib import Path

import pytest

from incidents.intake.adapters.registry import ADAPTERS

PAYLOADS = Path(__file__).parents[3] / "payloads"


@pytest.fixture
def read():
    """Return a function that parses one of the written payloads."""

    def read_payload(name, *, mapping=None):
        tool = name.partition("/")[0]
        options = {"mapping": mapping} if mapping else {}
        body = (PAYLOADS / f"{name}.json").read_bytes()
        return ADAPTERS[tool].parse(body, headers={}, options=options)

    return read_payload
