from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.world import CHECKOUT, World


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Run the demo world with servers, web server, workers and beat of its own."""
    world = World(tmp_path_factory.mktemp("world"))
    try:
        world.environment["TOCSIN_DEMO_RECEIVER"] = world.receiver.url
        world.start_servers()
        world.apply((CHECKOUT / "demo" / "world.toml").read_text(encoding="utf-8"))
        world.start()
        yield world
    finally:
        world.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
