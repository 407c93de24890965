"""Hail on a running Tocsin, kill its web server in the middle, and count what is lost."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.running import ALERTMANAGER, CHECKOUT, Failed, Running, run_apart

MODULE = "tests.benchmarks.hail"
CONNECTIONS = 32
ALERTS = 50
CRASH_SECONDS = 8.0
CRASH_AFTER_SECONDS = 2.5
LOST = """
SELECT count(*) FROM unnest(%s::uuid[]) AS told (uid)
 WHERE NOT EXISTS (SELECT FROM tocsin_delivery d WHERE d.uid = told.uid)
"""


def hail(running: Running, body: str, **more: Any) -> dict[str, Any]:
    """Post for some seconds, from a process of its own; returns what was measured."""
    return run_apart(MODULE, _orders(running, body, more))


@contextlib.contextmanager
def hail_beside(running: Running, body: str, **more: Any) -> Iterator[dict[str, Any]]:
    """Post while something else is done; what was measured is there at the end."""
    measured: dict[str, Any] = {}
    with beside(MODULE, _orders(running, body, more), measured):
        yield measured


@contextlib.contextmanager
def beside(
    module: str, orders: dict[str, Any], measured: dict[str, Any]
) -> Iterator[None]:
    """Run a module that takes orders while something else is done."""
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdin
        process.stdin.write(json.dumps(orders).encode())
        process.stdin.close()
        process.stdin = None
        yield
        out, _ = process.communicate()
        measured.update(json.loads(out))
    finally:
        process.kill()
        process.wait()


def crash(running: Running, body: str, stack: contextlib.ExitStack, **more: Any) -> str:
    """Kill the web server in the middle of a storm and start it again.

    Returns how many deliveries were answered, all of which are stored; raises Failed
    when one is not. The new server runs until the stack is closed.
    """
    with hail_beside(running, body, seconds=CRASH_SECONDS, **more) as measured:
        time.sleep(CRASH_AFTER_SECONDS)
        running.kill_web()
        stack.enter_context(running.web(running.port))
    if not measured["broken"]:
        raise Failed("the kill broke no connection")
    return f"web server killed with {measured['broken']} requests open: {told(running)}"


def told(running: Running) -> str:
    """Say how many answered deliveries are stored. Raises Failed when one is not."""
    uids = (running.data / "accepted").read_text(encoding="ascii").split()
    lost = running.value(LOST, uids)
    if lost or not uids:
        raise Failed(f"{lost} of {len(uids)} answered deliveries are not stored")
    return f"0 of {len(uids)} answered lost"


def _orders(running: Running, body: str, more: dict[str, Any]) -> dict[str, Any]:
    orders = {"port": running.port, "path": ALERTMANAGER, "body": body}
    orders |= {"connections": CONNECTIONS, "seconds": 4.0}
    return {**orders, "accepted": str(running.data / "accepted"), **more}


def many_alerts(name: str) -> str:
    """Return an Alertmanager body with fifty alerts of one group."""
    labels = {"alertname": name, "severity": "critical", "cluster": "eu1"}
    alerts = [
        {
            "status": "firing",
            "labels": {**labels, "host": f"gpu-NUMBER-{n}"},
            "annotations": {"summary": f"gpu-NUMBER-{n} sends to an unknown host"},
            "startsAt": "2026-11-23T02:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": f"{name}-NUMBER-{n}",
        }
        for n in range(ALERTS)
    ]
    return json.dumps(
        {
            "version": "4",
            "groupKey": f'{{}}:{{alertname="{name}-NUMBER"}}',
            "status": "firing",
            "receiver": "tocsin",
            "groupLabels": {"alertname": name},
            "commonLabels": labels,
            "commonAnnotations": {},
            "externalURL": "",
            "alerts": alerts,
        }
    )
