from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api_world import ApiWorld


@pytest.fixture
def api_world(db: None) -> "ApiWorld":
    from tests.api_world import make_api_world  # noqa: PLC0415  Django is set up by now

    return make_api_world()
