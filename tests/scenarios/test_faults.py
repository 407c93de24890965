"""What may break, breaks in the middle of a storm; afterwards nothing is missing.

`STORM_ALERTS` sets the number of alerts (`make faults` takes 500).
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from tests.scenarios.storm import Storm, count, make_storm_data, storm_world
from tests.scenarios.world import World

pytestmark = pytest.mark.scenario

ALERTS = int(os.environ.get("STORM_ALERTS", "120"))


@pytest.fixture(scope="module")
def storm_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_storm_data(tmp_path_factory.mktemp("storm"))


@pytest.fixture
def world(tmp_path: Path, storm_data: Path) -> Iterator[World]:
    world = storm_world(tmp_path / "world", storm_data)
    yield world
    world.close()


@pytest.fixture
def world_without_broker(tmp_path: Path, storm_data: Path) -> Iterator[World]:
    world = storm_world(tmp_path / "world", storm_data, broker=False)
    yield world
    world.close()


def run_storm(world: World, disturb: Callable[[], None]) -> Storm:
    storm = Storm(world, [f"alert-{number}" for number in range(ALERTS)])
    storm.blow(meanwhile=disturb)
    return storm


def wait_until_settled(world: World) -> None:
    """Wait until every incident's path has taken both steps and all is delivered."""

    def is_settled() -> bool:
        seen = count(world)
        return (
            seen["steps"] >= 3 * ALERTS and seen["received once or more"] >= 2 * ALERTS
        )

    world.eventually(is_settled, seconds=150)


def assert_nothing_missing(
    world: World, storm: Storm, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = count(world)
    with capsys.disabled():
        print(
            f"\n  accepted {len(storm.accepted)}, refused and sent again {storm.refused}; {seen}"
        )
    stored = {str(row[0]) for row in world.sql("SELECT uid FROM tocsin_delivery")}
    assert set(storm.accepted.values()) <= stored
    expected = {
        "unprocessed": 0,
        "alerts": ALERTS,
        "incidents": ALERTS,
        "runs": ALERTS,
        "steps": 3 * ALERTS,
        "step entries": 3 * ALERTS,
        "notifications": 2 * ALERTS,
        "received once or more": 2 * ALERTS,
        "received of unknown id": 0,
        "broken chains": 0,
    }
    assert {name: seen[name] for name in expected} == expected


def when_under_way(world: World, part: float = 0.3) -> None:
    """Wait until part of the storm has become incidents."""
    incidents = "SELECT count(*) FROM tocsin_incident"
    world.eventually(lambda: world.value(incidents) >= part * ALERTS, seconds=60)


def test_killing_every_worker_in_a_storm_loses_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.start(workers=2, beats=2)

    def kill_and_start_again() -> None:
        when_under_way(world)
        world.end("workers", signal.SIGKILL)
        world.end("beat", signal.SIGKILL)
        time.sleep(1)
        world.start_workers(2)

    storm = run_storm(world, kill_and_start_again)
    wait_until_settled(world)
    assert_nothing_missing(world, storm, capsys)


def test_restarting_postgresql_in_a_storm_loses_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.start()

    def restart() -> None:
        when_under_way(world)
        world.postgres.stop()
        world.postgres.start()

    storm = run_storm(world, restart)
    wait_until_settled(world)
    assert_nothing_missing(world, storm, capsys)


def test_losing_the_broker_in_a_storm_delays_a_timer_by_less_than_three_seconds(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.start()
    token = world.token("duty@storm.example")

    def lose_the_broker() -> None:
        when_under_way(world)
        report_timed(world, token)
        with redis.Redis.from_url(world.environment["REDIS_URL"]) as broker:
            broker.flushall()
        world.valkey.stop()
        time.sleep(10)
        world.valkey.start()

    storm = Storm(world, [f"alert-{number}" for number in range(ALERTS)])
    storm.blow(meanwhile=lose_the_broker)
    assert_mail_in_time(world, capsys)
    world.eventually(
        lambda: count(world)["received once or more"] >= 2 * ALERTS, seconds=150
    )
    seen = count(world)
    assert (seen["alerts"], seen["unprocessed"], seen["broken chains"]) == (
        ALERTS,
        0,
        0,
    )


def test_without_any_broker_a_timer_is_less_than_three_seconds_late(
    world_without_broker: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world = world_without_broker
    world.start()
    report_timed(world, world.token("duty@storm.example"))
    assert_mail_in_time(world, capsys)


def report_timed(world: World, token: str) -> None:
    """Report an incident whose path waits six seconds and then mails the desk."""
    body = {"title": "Timed", "category": "EVA", "severity": 1}
    world.api(token, "POST", "incidents/", body)


def assert_mail_in_time(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.eventually(lambda: "desk@storm.example" in world.mailed(), seconds=30)
    time.sleep(0.1)  # the server notes the mail, then its instant
    arrived = world.mail.arrivals[world.mailed().index("desk@storm.example")]
    due = world.value(
        "SELECT s.due_at FROM tocsin_notification n JOIN tocsin_step_taken s "
        "ON s.run_id = n.run_id AND s.step_index = n.step_index "
        "WHERE n.address = 'desk@storm.example'"
    )
    late = (arrived - due).total_seconds()
    with capsys.disabled():
        print(f"\n  the mail was at the receiver {late:.2f} s after its timer was due")
    assert late <= 3.0
