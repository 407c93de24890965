import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from config.processes import wait_until

CHECKOUT = Path(__file__).resolve().parent.parent.parent
LEFT_OUT = (".*", "var", "tests", "docs")
OURS = ("DATABASE", "TOCSIN_", "SECRET_KEY", "REDIS_URL", "EMAIL_URL", "BASE_URL")

pytestmark = pytest.mark.scenario


class World:
    """A checkout of its own, so that the running one keeps its pointer."""

    def __init__(self, folder):
        self.folder = folder / "checkout"
        shutil.copytree(CHECKOUT, self.folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
        self.screen = folder / "screen"
        self.process = None

    def environment(self):
        chosen = os.environ.get("TOCSIN_POSTGRES_BIN")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        return {**kept, **({"TOCSIN_POSTGRES_BIN": chosen} if chosen else {})}

    def manage(self, *words):
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, *words):
        with self.screen.open("wb") as screen:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", *words],
                cwd=self.folder,
                env=self.environment(),
                stdout=screen,
                stderr=screen,
            )
        assert wait_until(self.is_settled, seconds=60)
        return self.screen.read_text()

    def is_settled(self):
        is_over = self.process.poll() is not None
        return is_over or "Ctrl-C stops everything." in self.screen.read_text()

    def stop(self, number):
        self.process.send_signal(number)
        self.process.wait(timeout=60)

    def leftovers(self):
        found = []
        for process in psutil.process_iter(["cmdline", "cwd"]):
            words = [*(process.info["cmdline"] or ()), process.info["cwd"] or ""]
            if any(str(self.folder) in word for word in words):
                found.append(process)
        return found


@pytest.fixture
def world(data):
    world = World(data)
    yield world
    if world.process and world.process.poll() is None:
        world.stop(signal.SIGTERM)


def status_of(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


def test_up_serves_and_stops_without_a_trace(world):
    screen = world.start("--no-demo")
    port = int(re.search(r"Site +http://127\.0\.0\.1:(\d+)/", screen).group(1))
    assert status_of(port, "/healthz") == 200
    assert wait_until(lambda: status_of(port, "/readyz") == 200, seconds=30)
    world.stop(signal.SIGINT)
    assert world.process.returncode == 0
    assert world.leftovers() == []


def test_other_commands_find_the_running_world(world, data):
    world.start("--no-demo", "--data", str(data / "elsewhere"))
    done = world.manage("showmigrations", "incidents")
    assert "[X] 0001" in done.stdout
    assert done.stderr.splitlines()[0] == (
        f"Using the data in {data / 'elsewhere'} (the running world)."
    )
    assert not (world.folder / "var" / "postgresql").exists()


def test_killed_up_leaves_nothing_behind_and_starts_again(world):
    world.start("--no-demo")
    world.stop(signal.SIGKILL)
    assert wait_until(lambda: world.leftovers() == [], seconds=60)
    assert "Tocsin is ready." in world.start("--no-demo")


def test_killed_worker_is_started_again(world):
    world.start("--no-demo")

    def workers():
        return {
            p.pid
            for p in world.leftovers()
            if "config.workers" in " ".join(p.cmdline())
        }

    assert wait_until(lambda: len(workers()) == 5, seconds=20)
    first = workers()
    for pid in first:
        os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: len(workers() - first) == 5, seconds=30)


def test_second_up_on_the_same_data_is_refused(world):
    world.start("--no-demo")
    done = world.manage("up")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("tocsin: Tocsin already runs on")
