import pytest

from tests.escalation.duties.delays.delay_world import DelayWorld, make_delay_world


@pytest.fixture
def world(db: None) -> DelayWorld:
    return make_delay_world()
