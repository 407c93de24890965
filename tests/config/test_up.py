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
from config.up import QUEUES

CHECKOUT = Path(__file__).resolve().parent.parent.parent
LEFT_OUT = (".*", "var", "tests", "docs")
OURS = ("DATABASE", "TOCSIN_", "SECRET_KEY", "REDIS_URL", "EMAIL_URL", "BASE_URL")

pytestmark = pytest.mark.scenario

# Machines that run tests are shared: nothing here is about speed.
WORKERS = len(QUEUES) + 2  # the process that forks them, and the beat
PATIENCE_SECONDS = 180


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
        assert wait_until(self.is_settled, seconds=PATIENCE_SECONDS)
        return self.screen.read_text()

    def is_settled(self):
        is_over = self.process.poll() is not None
        return is_over or "Ctrl-C stops everything." in self.screen.read_text()

    def stop(self, number):
        self.process.send_signal(number)
        self.process.wait(timeout=60)

    def processes(self, word=""):
        """Returns the processes of this checkout whose command has the word."""
        found = set()
        for process in psutil.process_iter(["cmdline", "cwd"]):
            words = " ".join(process.info["cmdline"] or ())
            where = f"{words} {process.info['cwd']}"
            if str(self.folder.parent) in where and word in words:
                found.add(process.pid)
        return found


@pytest.fixture
def world(data):
    world = World(data)
    yield world
    if world.process and world.process.poll() is None:
        world.stop(signal.SIGTERM)


@pytest.fixture(scope="module")
def running(make_data_folder):
    """A world that runs on a named data folder, for tests that leave it running."""
    with make_data_folder() as folder:
        world = World(folder)
        world.data = folder / "elsewhere"
        world.shown = world.start("--no-demo", "--data", str(world.data))
        yield world
        world.stop(signal.SIGTERM)


def status_of(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


def site_port(screen):
    return int(re.search(r"Site +http://127\.0\.0\.1:(\d+)/", screen).group(1))


def test_up_becomes_ready(running):
    port = site_port(running.shown)
    assert status_of(port, "/healthz") == 200
    assert wait_until(
        lambda: status_of(port, "/readyz") == 200, seconds=PATIENCE_SECONDS
    )


def test_other_commands_find_the_running_world(running):
    done = running.manage("showmigrations", "incidents")
    assert "[X] 0001" in done.stdout
    assert done.stderr.splitlines()[0] == (
        f"Using the data in {running.data} (the running world)."
    )
    assert not (running.folder / "var" / "postgresql").exists()


def test_second_up_on_the_same_data_is_refused(running):
    done = running.manage("up")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"tocsin: Tocsin already runs on the data in {running.data} "
        f"(http://127.0.0.1:{site_port(running.shown)})."
    )


def test_killed_workers_are_started_again(running):
    assert wait_until(
        lambda: len(running.processes("config.workers")) == WORKERS,
        seconds=PATIENCE_SECONDS,
    )
    first = running.processes("config.workers")
    for pid in first:
        os.kill(pid, signal.SIGKILL)
    assert wait_until(
        lambda: len(running.processes("config.workers") - first) == WORKERS,
        seconds=PATIENCE_SECONDS,
    )


def test_killed_up_leaves_nothing_behind_and_starts_again(world):
    world.start("--no-demo")
    world.stop(signal.SIGKILL)
    assert wait_until(lambda: world.processes() == set(), seconds=PATIENCE_SECONDS)
    assert "Tocsin is ready." in world.start("--no-demo")
    world.stop(signal.SIGINT)
    assert world.process.returncode == 0
    assert world.processes() == set()
