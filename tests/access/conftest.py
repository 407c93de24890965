from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.access.scene import Scene


@pytest.fixture
def scene(db: None, tmp_path, settings) -> "Scene":
    from tests.access.scene import make_scene  # noqa: PLC0415  Django is set up by now

    settings.ATTACHMENTS_DIR = tmp_path
    return make_scene()
