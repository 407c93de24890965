import pytest

from tests.escalation.filings.filing_world import FilingWorld, make_filing_world


@pytest.fixture
def world(db: None) -> FilingWorld:
    return make_filing_world()
