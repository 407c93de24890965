"""A storm of webhooks against a running world, and the count of what came of it."""

import http.client
import json
import shutil
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.scenarios.world import SECRET, World, alert

PATH = "/hooks/alertmanager/storm-source-key-0001"

WORLD = f"""
demo = true

[[organisations]]
slug = "storm"
name = "Storm Lab"
kind = "lab"

[[people]]
email = "duty@storm.example"
name = "Duty"
password = "tocsin-demo"
roles = {{ storm = ["responder"] }}

[[contact_methods]]
organisation = "storm"
person = "duty@storm.example"
slug = "pager"
channel = "webhook"
address = "RECEIVER/pager"
secret = "{SECRET}"
verified = true

# A storm counts every message: none is gathered into a digest.
[[notification_rules]]
organisation = "storm"
person = "duty@storm.example"
digest_after = 0

[[contact_methods]]
organisation = "storm"
slug = "mail"
channel = "email"
address = "desk@storm.example"
verified = true

[[policies]]
organisation = "storm"
slug = "pager"
name = "Pager"
steps = [
  {{ kind = "notify", targets = [{{ user = "duty@storm.example" }}] }},
  {{ kind = "wait", seconds = 5 }},
  {{ kind = "notify", targets = [{{ user = "duty@storm.example" }}] }},
]

[[policies]]
organisation = "storm"
slug = "once"
name = "Once"
steps = [{{ kind = "notify", targets = [{{ user = "duty@storm.example" }}] }}]

[[policies]]
organisation = "storm"
slug = "timed"
name = "Timed"
steps = [
  {{ kind = "wait", seconds = 6 }},
  {{ kind = "notify", targets = [{{ desk = "storm" }}] }},
]

[[routes]]
organisation = "storm"
name = "Timed"
match = [{{ field = "category", op = "=", value = "EVA" }}]
policy = "timed"

[[routes]]
organisation = "storm"
name = "Once"
match = [{{ field = "label:alertname", op = "=~", value = "once.*" }}]
policy = "once"

[[routes]]
organisation = "storm"
name = "Everything"
default = true
policy = "pager"

[[sources]]
organisation = "storm"
slug = "alertmanager"
tool = "alertmanager"
name = "Alertmanager"
key = "storm-source-key-0001"
"""


def make_storm_data(folder: Path) -> Path:
    """Make a data folder that holds the storm's lab, once for many worlds."""
    world = World(folder)
    try:
        world.start_servers(broker=False)
        world.apply(WORLD.replace("RECEIVER", world.receiver.url))
    finally:
        world.close()
    return folder


def storm_world(folder: Path, made: Path, *, broker: bool = True) -> World:
    """Return a world on a copy of that folder, its servers running."""
    shutil.copytree(
        made, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("run")
    )
    world = World(folder)
    world.start_servers(broker=broker, migrate=False)
    address = f"{world.receiver.url}/pager"
    change = "UPDATE tocsin_contact_method SET address = %s WHERE channel = 'webhook'"
    world.sql(change, address)
    return world


@dataclass
class Storm:
    """Posts alerts from several threads; keeps what was answered with 202."""

    world: World
    names: list[str]
    threads: int = 8
    group_of: Callable[[str], str] = field(default=lambda name: "")
    accepted: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def blow(self, *, meanwhile: Callable[[], None] | None = None) -> None:
        """Post every alert until each is answered with 202, as real senders retry."""
        with ThreadPoolExecutor(self.threads) as pool:
            shares = [self.names[n :: self.threads] for n in range(self.threads)]
            jobs = [pool.submit(self._post_all, share) for share in shares]
            if meanwhile:
                meanwhile()
            for job in jobs:
                job.result()

    def _post_all(self, names: Iterable[str]) -> None:
        connection = self._connect()
        for name in names:
            for _ in range(600):
                try:
                    uid = self._post(connection, name)
                except (OSError, http.client.HTTPException):
                    uid = None
                    connection.close()
                    connection = self._connect()
                if uid:
                    break
                with self._lock:
                    self.refused += 1
                threading.Event().wait(0.05)
            else:
                raise AssertionError(f"{name} was never accepted")
            with self._lock:
                self.accepted[name] = uid
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=10)

    def _post(self, connection: http.client.HTTPConnection, name: str) -> str | None:
        body = json.dumps(alert(name, group=self.group_of(name)))
        connection.request("POST", PATH, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        return str(json.loads(text)["delivery"]) if answer.status == 202 else None


def count(world: World) -> dict[str, Any]:
    """Count what a storm left in the database and at the receiver."""
    notifications = {
        str(row[0])
        for row in world.sql(
            "SELECT uid FROM tocsin_notification WHERE channel = 'webhook'"
        )
    }
    received = [uid for path, uid in world.posted() if path == "/pager"]
    one = world.value
    return {
        "deliveries": one("SELECT count(*) FROM tocsin_delivery"),
        "unprocessed": one(
            "SELECT count(*) FROM tocsin_delivery WHERE state <> 'processed'"
        ),
        "alerts": one("SELECT count(*) FROM tocsin_alert"),
        "incidents": one(
            "SELECT count(*) FROM tocsin_incident WHERE source_id IS NOT NULL"
        ),
        "runs": one("SELECT count(*) FROM tocsin_run"),
        "steps": one("SELECT count(*) FROM tocsin_step_taken"),
        "step entries": one(
            "SELECT count(*) FROM tocsin_entry WHERE kind = 'run.step_taken'"
        ),
        "notifications": len(notifications),
        "received": len(received),
        "received once or more": len(set(received) & notifications),
        "received of unknown id": len(set(received) - notifications),
        "repeats": len(received) - len(set(received)),
        "broken chains": one(
            "SELECT count(*) FROM (SELECT leaf, seq, lag(leaf_hash) OVER "
            "(PARTITION BY stream_id ORDER BY seq) AS before, row_number() OVER "
            "(PARTITION BY stream_id ORDER BY seq) AS place FROM tocsin_entry) e WHERE "
            "seq <> place OR convert_from(leaf, 'UTF8')::json->>'prev' <> "
            "coalesce(encode(before, 'hex'), repeat('0', 64))"
        ),
    }
