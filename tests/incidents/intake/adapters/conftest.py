from pathlib import Path

import pytest

from incidents.intake.adapters.base import Unreadable
from incidents.intake.adapters.registry import ADAPTERS

PAYLOADS = Path(__file__).parents[3] / "payloads"


@pytest.fixture
def read():
    """Return a function that parses one of the written payloads."""

    def read_payload(name, *, mapping=None, headers=None):
        tool = name.partition("/")[0]
        options = {"mapping": mapping} if mapping else {}
        body = (PAYLOADS / f"{name}.json").read_bytes()
        return ADAPTERS[tool].parse(body, headers=headers or {}, options=options)

    return read_payload


@pytest.fixture
def outline(read):
    """Return a function that says of each alert: key, status, severity, title."""

    def outline_of(name, **arguments):
        alerts = read(name, **arguments).alerts
        return [(a.dedup_key, a.status, a.severity, a.title) for a in alerts]

    return outline_of


@pytest.fixture
def refusal(read):
    """Return a function that tells why a written payload cannot be read."""

    def refusal_of(name):
        with pytest.raises(Unreadable) as caught:
            read(name)
        return str(caught.value)

    return refusal_of
