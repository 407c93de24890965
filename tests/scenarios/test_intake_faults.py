"""The way in: slow senders hold up nobody, and a killed web server loses no answer.

`make bench-intake` does the same with more senders, and measures.
"""

import contextlib
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.storm import PATH, Storm, make_storm_data, storm_world
from tests.scenarios.world import World

pytestmark = pytest.mark.scenario

ALERTS = 150
SLOW_SENDERS = 80
STORED = "SELECT uid::text FROM tocsin_delivery"


@pytest.fixture(scope="module")
def storm_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_storm_data(tmp_path_factory.mktemp("storm"))


@pytest.fixture
def world(tmp_path: Path, storm_data: Path) -> Iterator[World]:
    world = storm_world(tmp_path / "world", storm_data, broker=False)
    world.start_web()
    yield world
    world.close()


@contextlib.contextmanager
def slow_senders(port: int, path: str) -> Iterator[list[socket.socket]]:
    """Hold connections open that have begun a body and do not go on."""
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{{"
    links = []
    try:
        for _ in range(SLOW_SENDERS):
            link = socket.create_connection(("127.0.0.1", port), timeout=20)
            link.sendall(head.encode())
            links.append(link)
        yield links
    finally:
        for link in links:
            link.close()


def test_slow_senders_hold_up_neither_webhooks_nor_pages(world: World) -> None:
    hooks = slow_senders(world.port, PATH)
    with hooks as slow, slow_senders(world.port, "/report/"):
        Storm(world, [f"alert-{n}" for n in range(20)]).blow()
        assert world.request("GET", "/healthz")[0] == 200
        answer = slow[0].recv(4096)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 5" in answer.lower()
    assert world.value("SELECT count(*) FROM tocsin_delivery") == 20


def test_web_server_killed_in_a_storm_loses_no_answer(world: World) -> None:
    storm = Storm(world, [f"alert-{number}" for number in range(ALERTS)])

    def kill_and_start_again() -> None:
        world.eventually(lambda: len(storm.accepted) >= ALERTS // 3, seconds=60)
        world.end("web", signal.SIGKILL)
        world.start_web()

    storm.blow(meanwhile=kill_and_start_again)
    assert storm.refused > 0
    assert len(storm.accepted) == ALERTS
    stored = {uid for (uid,) in world.sql(STORED)}
    assert set(storm.accepted.values()) <= stored
