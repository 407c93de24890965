from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.incidents.ledger.running_signer import Running


@pytest.fixture
def signer(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path).start()
    yield running
    running.kill()
