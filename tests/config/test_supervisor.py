import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.processes import is_running, wait_until
from config.supervisor import Program, Supervisor, python_module

CHECKOUT = Path(__file__).resolve().parent.parent.parent
SLEEPER = "import time; print('awake', flush=True); time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('awake', flush=True); time.sleep(60)"
)


@pytest.fixture
def supervise(tmp_path):
    """Returns a function that makes a supervisor of one script named `child`."""
    made = []

    def make(script, *, patience_seconds=5.0):
        path = tmp_path / "child.py"
        path.write_text(script)
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        program = Program("child", python_module("child", environment=environment))
        made.append(
            Supervisor([program], logs=tmp_path, patience_seconds=patience_seconds)
        )
        return made[-1]

    yield make
    for supervisor in made:
        supervisor.stop()


def events(folder):
    lines = (folder / "supervisor.log").read_text().splitlines()
    return [json.loads(line)["event"] for line in lines]


def wait_for_start(supervisor, folder):
    supervisor.look_after()
    log = folder / "child.log"
    assert wait_until(lambda: log.exists() and "awake" in log.read_text(), seconds=20)
    return supervisor.children[0].process.pid


def test_dead_program_is_started_again(supervise, tmp_path):
    supervisor = supervise(SLEEPER)
    first = wait_for_start(supervisor, tmp_path)
    os.kill(first, signal.SIGKILL)

    def is_back():
        supervisor.look_after()
        process = supervisor.children[0].process
        return process is not None and process.pid != first

    assert wait_until(is_back, seconds=20)
    assert events(tmp_path) == ["started", "died, starting again soon", "started"]


def test_restarts_back_off(supervise):
    supervisor = supervise("raise SystemExit(3)")

    def has_failed_twice():
        supervisor.look_after()
        return supervisor.children[0].failures == 2

    assert wait_until(has_failed_twice, seconds=30)
    child = supervisor.children[0]
    assert child.process is None
    assert child.start_at - child.started_at > 1.0


def test_stop_ends_programs_politely(supervise, tmp_path):
    supervisor = supervise(SLEEPER)
    pid = wait_for_start(supervisor, tmp_path)
    process = supervisor.children[0].process
    supervisor.stop()
    assert not is_running(pid)
    assert process.returncode == -signal.SIGTERM


def test_stop_ends_stubborn_program_by_force(supervise, tmp_path):
    supervisor = supervise(STUBBORN, patience_seconds=0.3)
    wait_for_start(supervisor, tmp_path)
    process = supervisor.children[0].process
    supervisor.stop()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's parent-death signal")
def test_programs_die_with_a_killed_supervisor(tmp_path):
    (tmp_path / "child.py").write_text(SLEEPER)
    script = (
        "import os, pathlib, sys\n"
        "from config.supervisor import Program, Supervisor, python_module\n"
        "launch = python_module('child', environment=dict(os.environ))\n"
        "logs = pathlib.Path(sys.argv[1])\n"
        "s = Supervisor([Program('child', launch)], logs=logs, patience_seconds=1)\n"
        "s.look_after(); print(s.children[0].process.pid, flush=True); s.work()\n"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{CHECKOUT}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with supervisor:
        pid = int(supervisor.stdout.readline())
        assert is_running(pid)
        supervisor.kill()
    assert wait_until(lambda: not is_running(pid), seconds=10)
