from pathlib import Path

import pytest

from incidents.models import Timer
from tests import factories as make
from tests.incidents.anonymous.reporting import Desk


@pytest.fixture(autouse=True)
def _attachments_dir(tmp_path: Path, settings) -> None:
    settings.ATTACHMENTS_DIR = tmp_path / "attachments"


@pytest.fixture
def desk(db: None) -> Desk:
    lab = make.lab("aurora", name="Aurora Labs")
    handler = make.person(lab, "handler@aurora.example", role="staff")
    row = make.report_desk(lab, handler)
    Timer.objects.all().delete()  # that the handler was named is told already
    return Desk(row, lab, handler)
