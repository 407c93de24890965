import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from config.guard import hold_servers, wait_until_stopped
from config.processes import processes_inside, wait_until
from config.programs import ServerFailed

CHECKOUT = Path(__file__).resolve().parent.parent.parent
HOLD_FOREVER = (
    "import sys, pathlib; from config.guard import hold_servers\n"
    "with hold_servers(pathlib.Path(sys.argv[1]), ['valkey']):\n"
    "    print('held', flush=True); sys.stdin.read()\n"
)


def is_answering(url):
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_servers_run_while_held_and_stop_afterwards(data):
    with hold_servers(data, ["postgresql"]) as addresses:
        assert is_answering(addresses["DATABASE_URL"])
        assert "REDIS_URL" not in addresses
    assert wait_until_stopped(data)
    assert not is_answering(addresses["DATABASE_URL"])
    assert processes_inside(data / "postgresql") == []


def test_servers_outlive_their_first_holder(data):
    with hold_servers(data, ["postgresql"]) as addresses:
        second = hold_servers(data, ["postgresql", "valkey"])
        both = second.__enter__()
    assert is_answering(addresses["DATABASE_URL"])
    assert set(both) == {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"}
    second.__exit__(None, None, None)
    assert wait_until_stopped(data)


def test_killed_server_is_started_again(data):
    with hold_servers(data, ["postgresql"]) as addresses:
        lock = data / "postgresql" / "postmaster.pid"
        os.kill(int(lock.read_text().split()[0]), signal.SIGKILL)
        wait_until(lambda: not is_answering(addresses["DATABASE_URL"]), seconds=5)
        assert wait_until(lambda: is_answering(addresses["DATABASE_URL"]), seconds=30)
    assert wait_until_stopped(data)


def test_servers_stop_when_their_holder_is_killed(data):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_FOREVER, data],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
    assert wait_until(lambda: not (data / "run" / "valkey.sock").exists(), seconds=10)


def test_servers_of_a_killed_guard_are_adopted(data):
    with hold_servers(data, ["postgresql"]) as addresses:
        found = subprocess.run(
            ["pgrep", "-f", f"config.guard {data}"],
            capture_output=True,
            text=True,
            check=True,
        )
        os.kill(int(found.stdout), signal.SIGKILL)
        assert wait_until_stopped(data)
        assert is_answering(addresses["DATABASE_URL"])
    with hold_servers(data, ["postgresql"]) as addresses:
        assert is_answering(addresses["DATABASE_URL"])
    assert wait_until_stopped(data)
    assert not is_answering(addresses["DATABASE_URL"])


def test_reason_of_a_failed_start_reaches_the_holder(data):
    (data / "postgresql").mkdir()
    (data / "postgresql" / "PG_VERSION").write_text("9\n")
    with (
        pytest.raises(ServerFailed, match="was made by PostgreSQL 9"),
        hold_servers(data, ["postgresql"]),
    ):
        pass
    assert wait_until_stopped(data)
