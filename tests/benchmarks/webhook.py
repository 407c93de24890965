"""Measure single-alert webhooks over 16 connections, beside what the machine can do.

    python -m tests.benchmarks.webhook [--count 4000] [--rounds 5]

Rounds take turns, so that a noisy neighbour meets all three alike: raw single-row
inserts on the same PostgreSQL, an empty Django view under the same web server, and the
webhook. The median of the rounds is printed; the ratio counts where machines are noisy.
Each 202 is counted against the rows that are in the table afterwards.
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from config.commandline import missing_servers, set_defaults
from config.guard import hold_servers, wait_until_stopped
from config.worlds import World

CHECKOUT = Path(__file__).resolve().parent.parent.parent
CONNECTIONS = 16
WARM_UP = 500
WEB_THREADS = 24
BODY = json.dumps(
    {
        "title": "Egress anomaly on gpu-NUMBER",
        "dedup_key": "egress-NUMBER",
        "severity": "high",
        "summary": "40 GB left the cluster within five minutes.",
        "started_at": "2026-11-23T15:04:05Z",
        "labels": {"team": "weights", "host": "gpu-NUMBER", "cluster": "eu1"},
    }
)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with database() as owner_url:
        sys.stdout.write(table(measure(owner_url, chosen.count, chosen.rounds)))


def measure(owner_url: str, count: int, rounds: int) -> dict[str, list[dict[str, Any]]]:
    """Return what each of the three reached in each round. Requires a migrated database."""
    path, stored = prepare()
    found: dict[str, list[dict[str, Any]]] = {"raw": [], "empty": [], "webhook": []}
    with web("tests.benchmarks.empty_site") as empty, web("config.wsgi") as site:
        for port, where in ((empty, "/empty"), (site, path)):
            send(port, where, WARM_UP)
        before = stored()
        raw = {"url": owner_url, "connections": CONNECTIONS, "count": count}
        for _ in range(rounds):
            found["raw"].append(run_apart("tests.benchmarks.raw_inserts", raw))
            found["empty"].append(send(empty, "/empty", count))
            found["webhook"].append(send(site, path, count))
        answered = sum(r["statuses"].get("202", 0) for r in found["webhook"])
        if answered != stored() - before:
            raise SystemExit(f"{answered} answered, {stored() - before} stored")
    return found


def table(found: dict[str, list[dict[str, Any]]]) -> str:
    """Return the figures as text."""
    middle = {name: middle_of(rounds, "rate") for name, rounds in found.items()}
    hooks = found["webhook"]
    statuses = sorted({status for r in hooks for status in r["statuses"]})
    return "\n".join(
        (
            f"webhook, {CONNECTIONS} connections     {middle['webhook']:8.0f} requests/s"
            f"   p50 {middle_of(hooks, 'p50_ms'):.1f} ms"
            f"   p99 {middle_of(hooks, 'p99_ms'):.1f} ms   {', '.join(statuses)}",
            f"empty Django view           {middle['empty']:8.0f} requests/s",
            f"raw PostgreSQL inserts      {middle['raw']:8.0f} rows/s",
            f"webhook to empty view       {middle['webhook'] / middle['empty']:8.0%}",
            f"webhook to raw inserts      {middle['webhook'] / middle['raw']:8.0%}",
            "",
        )
    )


def middle_of(rounds: list[dict[str, Any]], name: str) -> float:
    """Return the median of one figure over the rounds."""
    return statistics.median([float(figures[name]) for figures in rounds])


@contextlib.contextmanager
def database() -> Iterator[str]:
    """Run embedded servers on a new data folder; yields the owner's address."""
    data = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
    os.environ["TOCSIN_DATA"] = str(data)
    set_defaults(os.environ, world=World(data, "bench"), is_embedded=True)
    try:
        with hold_servers(data, missing_servers(os.environ)) as addresses:
            os.environ.update(addresses)
            migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(migrate, check=True, cwd=CHECKOUT)
            yield os.environ["DATABASE_OWNER_URL"]
        wait_until_stopped(data)
    finally:
        shutil.rmtree(data, ignore_errors=True)


def prepare() -> tuple[str, Any]:
    """Make a source; returns its path and a function that counts what is stored."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django  # noqa: PLC0415  the environment comes first

    django.setup()
    from incidents.events.actor import Actor  # noqa: PLC0415  Django comes first
    from incidents.intake.sources import create_source  # noqa: PLC0415  likewise
    from incidents.models import Delivery, Organisation  # noqa: PLC0415  likewise
    from incidents.timers.clock import read_now  # noqa: PLC0415  likewise

    owner = Organisation.objects.create(slug="bench", name="Bench", kind="lab")
    _, key = create_source(
        owner,
        tool="generic",
        slug="bench",
        name="Bench",
        actor=Actor.system(owner),
        now=read_now(),
    )
    return f"/hooks/generic/{key}", Delivery.objects.count


@contextlib.contextmanager
def web(module: str) -> Iterator[int]:
    """Serve an application as `up` does; yields the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--workers", "1", "--blocking-threads", str(WEB_THREADS), "--no-ws"]
    words += ["--log-level", "warning", f"{module}:application"]
    server = subprocess.Popen([sys.executable, "-m", "granian", *words], cwd=CHECKOUT)
    try:
        wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def wait_for(port: int) -> None:
    """Return when the server takes connections."""
    for _ in range(300):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.1)
    raise SystemExit("The web server did not start.")


def send(port: int, path: str, count: int) -> dict[str, Any]:
    """Send the load from a process of its own."""
    orders = {"port": port, "path": path, "count": count, "connections": CONNECTIONS}
    return run_apart("tests.benchmarks.load", {**orders, "body": BODY})


def run_apart(module: str, orders: dict[str, Any]) -> dict[str, Any]:
    """Run a module in a process of its own and return what it measured."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps(orders),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=CHECKOUT,
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


if __name__ == "__main__":
    main()
