"""The whole product in processes of its own, for scenarios, faults and benchmarks.

Servers, web server, Celery workers and beats are real processes; mail goes to a real
SMTP server and webhooks to a real HTTP receiver, both in this process, which record.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from aiosmtpd.controller import Controller

from config.embedded import Postgres, Valkey
from config.keys import make_content_key
from tests.escalation.notifications.servers import HttpServer, MailServer

CHECKOUT = Path(__file__).resolve().parents[2]
QUEUES = ("intake", "timers", "delivery")
SECRET = "whsec_" + "dG9jc2luLXRlc3Qtc2VjcmV0LTMyLWJ5dGVzLWxvbmch"
START_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class World:
    """One running Tocsin. `data` is its folder; `servers` says whether it runs its own."""

    data: Path
    environment: dict[str, str] = field(default_factory=dict)
    processes: dict[str, list[subprocess.Popen[bytes]]] = field(default_factory=dict)
    port: int = 0

    def __post_init__(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        self.mail = MailServer()
        self._smtp = Controller(self.mail, hostname="127.0.0.1", port=free_port())
        self._smtp.start()
        self.receiver = HttpServer()
        threading.Thread(target=self.receiver.serve_forever, args=(0.01,)).start()
        self.environment = {
            **os.environ,
            "SECRET_KEY": "only-for-tests-" * 4,
            "TOCSIN_DATA": str(self.data),
            "TOCSIN_KEK_FILE": str(make_content_key(self.data)),
            "TOCSIN_DEMO": "1",
            "TOCSIN_TEST_CLOCK": "1",
            "TOCSIN_ALLOW_PRIVATE_WEBHOOKS": "1",
            "ALLOWED_HOSTS": "127.0.0.1",
            "EMAIL_URL": f"smtp://127.0.0.1:{self._smtp.port}",
            **self.environment,
        }
        self.postgres = Postgres(self.data)
        self.valkey = Valkey(self.data)

    # Servers

    def start_servers(self, *, broker: bool = True, migrate: bool = True) -> None:
        """Run a PostgreSQL, and a Valkey unless told not to, of this world's own."""
        self.postgres.start()
        self.environment.update(self.postgres.addresses())
        if broker:
            self.valkey.start()
        self.environment.update(self.valkey.addresses())
        if migrate:
            self.manage("migrate", "--no-input")

    def manage(self, *words: str) -> str:
        """Run a `manage.py` command and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=CHECKOUT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def apply(self, text: str) -> None:
        """Load a world file."""
        file = self.data / "world.toml"
        file.write_text(text, encoding="utf-8")
        self.manage("apply", str(file))

    # Processes

    def start(self, *, workers: int = 1, beats: int = 1) -> None:
        """Start web server, workers for each queue and beats, and wait for the site."""
        self.start_web()
        self.start_workers(workers)
        for _ in range(beats):
            self.spawn("beat", "celery", "-A", "config.celery", "beat", "-l", "WARNING")

    def start_web(self) -> None:
        self.port = self.port or free_port()
        self.environment["BASE_URL"] = f"http://127.0.0.1:{self.port}"
        self.spawn(
            *("web", "granian", "--interface", "rsgi", "--host", "127.0.0.1"),
            *("--port", str(self.port), "--workers", "1"),
            *("--no-ws", "--log-level", "warning", "config.rsgi:application"),
        )
        self.eventually(self._answers, seconds=START_SECONDS)

    def start_workers(self, count: int = 1, *, queues: Sequence[str] = QUEUES) -> None:
        for number in range(count):
            for queue in queues:
                self.spawn(
                    *(
                        "workers",
                        "celery",
                        "-A",
                        "config.celery",
                        "worker",
                        "-P",
                        "solo",
                    ),
                    *(
                        "-Q",
                        queue,
                        "-l",
                        "INFO",
                        "-n",
                        f"{queue}{number}-{time.time_ns()}@%h",
                    ),
                    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
                )

    def spawn(self, role: str, module: str, *words: str) -> None:
        with (self.data / f"{role}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *words],
                cwd=CHECKOUT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.setdefault(role, []).append(process)

    def end(self, role: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End the processes of a role; SIGKILL takes their whole group."""
        for process in self.processes.pop(role, []):
            if process.poll() is None:
                os.killpg(process.pid, how)
            process.wait(timeout=30)

    def close(self) -> None:
        for role in list(self.processes):
            self.end(role, signal.SIGKILL)
        self._smtp.stop()
        self.receiver.shutdown()
        self.receiver.server_close()
        self.valkey.stop()
        self.postgres.stop()

    def _answers(self) -> bool:
        try:
            return self.request("GET", "/healthz")[0] == 200
        except OSError:
            return False

    # Looking and doing

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Send one request; returns status and JSON (or text)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        data = json.dumps(body).encode() if body is not None else None
        sent = {"Content-Type": "application/json", **(headers or {})}
        try:
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        return answer.status, json.loads(text) if is_json else text

    def api(
        self, token: str, method: str, path: str, body: Any = None, **more: str
    ) -> Any:
        """Call the API and return the JSON of a 2xx answer."""
        headers = {"Authorization": f"Bearer {token}", **more}
        status, answer = self.request(method, f"/api/v1/{path}", body, headers)
        assert 200 <= status < 300, (status, answer)
        return answer

    def token(self, email: str) -> str:
        out = self.manage("create_token", "--user", email, "--name", "scenario")
        return out.strip().splitlines()[-1]

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Look into the database as its owner."""
        url = self.environment["DATABASE_OWNER_URL"]
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, query: str, *values: Any) -> Any:
        return self.sql(query, *values)[0][0]

    def fast_forward(self, *, minutes: float = 0, seconds: float = 0) -> None:
        """Move time for every process; the next look of the workers sees it."""
        self.sql(
            "INSERT INTO tocsin_test_clock (id, seconds) VALUES (1, %s) ON CONFLICT (id) "
            "DO UPDATE SET seconds = tocsin_test_clock.seconds + excluded.seconds",
            minutes * 60 + seconds,
        )

    def eventually(self, is_true: Callable[[], object], *, seconds: float = 15) -> None:
        """Wait until something holds; fail when it does not in time."""
        ends_at = time.monotonic() + seconds
        while not is_true():
            if time.monotonic() >= ends_at:
                raise AssertionError(
                    f"not in {seconds} s: {is_true}\n{self.standing()}"
                )
            time.sleep(0.02)

    def standing(self) -> str:
        """Say where the world stands: what a test that waited in vain cannot ask later."""
        asked = {
            "consumers": "SELECT consumer, now() - ran_at FROM tocsin_tick",
            "messages": "SELECT channel, status, count(*), min(next_attempt_at) - now() "
            "FROM tocsin_notification GROUP BY 1, 2",
            "timers": "SELECT kind, count(*), min(due_at) - now() FROM tocsin_timer "
            "GROUP BY 1",
            "pending": "SELECT consumer, count(*) FROM tocsin_pending GROUP BY 1",
        }
        lines = [f"{name}: {self._read_if_up(query)}" for name, query in asked.items()]
        log = self.data / "workers.log"
        if log.exists():
            told = log.read_text(encoding="utf-8", errors="replace").splitlines()
            ours = [line for line in told if line.startswith("{")]
            lines += [line for line in ours if '"info"' not in line][-30:]
        return "\n".join(lines)

    def _read_if_up(self, query: str) -> str:
        try:
            return ", ".join(" ".join(map(str, row)) for row in self.sql(query))
        except (KeyError, psycopg.Error) as error:
            return repr(error)

    def mailed(self) -> list[str]:
        """Return to whom mails went, in the order of their arrival."""
        return [str(mail["To"]) for mail in self.mail.mails]

    def posted(self) -> list[tuple[str, str]]:
        """Return path and webhook-id of what the receiver got."""
        return [(p.path, p.headers["webhook-id"]) for p in list(self.receiver.posts)]


def alert(
    name: str, *, status: str = "firing", group: str = "", severity: str = "critical"
) -> dict[str, Any]:
    """Return an Alertmanager body with one alert."""
    labels = {"alertname": name, "severity": severity}
    return {
        "version": "4",
        "groupKey": group or f'{{}}:{{alertname="{name}"}}',
        "status": status,
        "receiver": "tocsin",
        "groupLabels": {"alertname": name},
        "commonLabels": labels,
        "commonAnnotations": {},
        "externalURL": "",
        "alerts": [
            {
                "status": status,
                "labels": labels,
                "annotations": {"summary": f"{name} is wrong"},
                "startsAt": "2026-11-23T02:00:00Z",
                "endsAt": "2026-11-23T02:30:00Z"
                if status == "resolved"
                else "0001-01-01T00:00:00Z",
                "generatorURL": "",
                "fingerprint": f"{hash(name) & 0xFFFFFFFFFFFF:x}",
            }
        ],
    }
