"""Run the whole product: `manage.py up [--port N] [--data DIR] [--no-demo]`.

Order: lock the data folder, servers, migration as owner, demo world and its case,
programs, one screen of addresses. The servers outlive the programs; both end with this process.
"""

import argparse
import contextlib
import fcntl
import http.client
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.commandline import missing_servers, set_defaults
from config.embedded import DATABASE, Postgres
from config.env_reading import read_environment
from config.guard import hold_servers, wait_until_stopped
from config.ports import PortTaken, choose_port
from config.signing import SIGNER_MODULE, signer_socket, signer_words
from config.supervisor import Program, Supervisor, python_module
from config.worlds import CHECKOUT, World, find_world, pointed_at

DEFAULT_PORT = 8000
DEFAULT_RECEIVER_PORT = 8090
DEFAULT_MAIL_PORT = 8025
LARGEST_PORT = 65535
# Connections that are let in at once. A slow one holds one of them and nothing else.
BACKLOG = 4096
# How long the head of a request may take, and a connection may wait for the next one.
HEAD_MILLISECONDS = 20_000
QUEUES = ("intake", "timers", "delivery", "sealing", "evidence", "witnesses")
READY_TIMEOUT_SECONDS = 60.0
READY_POLL_SECONDS = 0.1
# More than the workers take for their own end.
STOP_PATIENCE_SECONDS = 25.0
RECEIVER_MODULE = "config.demo_receiver"
DEMO_FILE = CHECKOUT / "demo" / "world.toml"
DEMO_PEOPLE = (
    ("staff@aurora.example", "Aurora Labs: files incidents"),
    ("duty@aurora.example", "Aurora Labs: is paged and responds"),
    ("approver@aurora.example", "Aurora Labs: approves"),
    ("admin@aurora.example", "Aurora Labs: administers"),
    ("staff@meridian.example", "Meridian AI: files incidents"),
    ("admin@meridian.example", "Meridian AI: administers"),
    ("officer@naisa.example", "National AI Safety Agency: triages"),
    ("supervisor@naisa.example", "National AI Safety Agency: supervises"),
    ("operator@tocsin.example", "runs the platform, sees no content"),
)


class StartFailed(Exception):
    """The product cannot start; the message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What this start runs, and where."""

    data: Path
    port: int
    embedded: tuple[str, ...]
    has_demo: bool
    receiver_port: int | None
    mail_listen: str
    has_signer: bool

    @property
    def base_url(self) -> str:
        """Return the address of the site on this machine."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def receiver_url(self) -> str:
        """Return the address of the demo's webhook receiver, or nothing."""
        return f"http://127.0.0.1:{self.receiver_port}/" if self.receiver_port else ""


def main(words: list[str], *, chosen_data: str | None) -> None:
    """Run the product until it is told to stop."""
    options = _read_options(words)
    world = find_world(chosen_data, os.environ)
    try:
        with _only_one(world):
            plan = _make_plan(options, world)
            _set_environment(plan, world)
            with hold_servers(world.data, plan.embedded) as addresses:
                os.environ.update(addresses)
                _run(plan)
            wait_until_stopped(world.data)
    except (ImproperlyConfigured, PortTaken, StartFailed) as error:
        sys.exit(f"tocsin: {error}")


def _read_options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py up", description="Run Tocsin.")
    parser.add_argument(
        "--port", type=_port, help="port of the site (8000 or the next)"
    )
    parser.add_argument("--data", help="data folder (var)")
    parser.add_argument("--no-demo", action="store_true", help="load no demo world")
    return parser.parse_args(words)


def _port(word: str) -> int:
    if not word.isdigit() or not 0 < int(word) <= LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"{word!r} is no port: 1 to {LARGEST_PORT}")
    return int(word)


@contextlib.contextmanager
def _only_one(world: World) -> Iterator[None]:
    run = world.data / "run"
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (run / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = world.environment.get("BASE_URL", "see its terminal")
            message = f"Tocsin already runs on the data in {world.data} ({where})."
            raise StartFailed(message) from None
        yield


def _make_plan(options: argparse.Namespace, world: World) -> Plan:
    """Decide what to run. Reads the environment, so a wrong one stops the start."""
    environment = read_environment(os.environ)
    embedded = tuple(missing_servers(os.environ))
    may_have_demo = "postgresql" in embedded or environment.debug
    has_demo = may_have_demo and not options.no_demo
    has_receiver = has_demo and importlib.util.find_spec(RECEIVER_MODULE) is not None
    return Plan(
        data=world.data,
        port=choose_port(options.port, default=DEFAULT_PORT),
        embedded=embedded,
        has_demo=has_demo,
        receiver_port=(
            choose_port(None, default=_last_receiver_port(world.data))
            if has_receiver
            else None
        ),
        mail_listen=environment.mail_listen
        or f"smtp://127.0.0.1:{choose_port(None, default=DEFAULT_MAIL_PORT)}",
        has_signer=environment.signer_socket is None,
    )


def _last_receiver_port(data: Path) -> int:
    """Return the port of the last start: the demo's webhooks in the database name it."""
    with contextlib.suppress(OSError, ValueError):
        return int((data / "run" / "receiver.port").read_text(encoding="ascii"))
    return DEFAULT_RECEIVER_PORT


def _set_environment(plan: Plan, world: World) -> None:
    if not os.environ.get("BASE_URL"):
        os.environ["BASE_URL"] = plan.base_url
    os.environ["TOCSIN_MAIL_LISTEN"] = plan.mail_listen
    os.environ["TOCSIN_SIGNER_SOCKET"] = str(signer_socket(plan.data, os.environ))
    if plan.has_demo:
        os.environ["TOCSIN_DEMO"] = "1"
        os.environ.setdefault("TOCSIN_ALLOW_PRIVATE_WEBHOOKS", "1")
    if plan.receiver_port:
        os.environ["TOCSIN_DEMO_RECEIVER"] = plan.receiver_url
        note = plan.data / "run" / "receiver.port"
        note.write_text(str(plan.receiver_port), encoding="ascii")
    set_defaults(os.environ, world=world, is_embedded="postgresql" in plan.embedded)


def _run(plan: Plan) -> None:
    supervisor = Supervisor(
        _programs(plan), logs=plan.data / "log", patience_seconds=STOP_PATIENCE_SECONDS
    )
    supervisor.listen_to_signals()
    try:
        _django_command(plan, "migrate", "--no-input")
        if plan.has_demo and DEMO_FILE.exists() and _is_empty(plan):
            _django_command(plan, "apply", str(DEMO_FILE))
            _play_case(plan)
        with pointed_at(plan.data, _shared_environment(plan)):
            _wait_until_ready(supervisor, plan)
            if not supervisor.is_told_to_stop:
                sys.stdout.write(_screen(plan))
                sys.stdout.flush()
            supervisor.work()
    finally:
        supervisor.stop()


def _programs(plan: Plan) -> list[Program]:
    def python(name: str, *words: object) -> Program:
        return Program(name, python_module(*words, environment=dict(os.environ)))

    web = python("web", *web_words(plan.port))
    workers = python(
        *("workers", "config.workers", plan.data / "log"),
        *(f"celery worker {queue}" for queue in QUEUES),
        "celery beat",
    )
    programs = [web, workers, python("mail", "django", "receive_mail")]
    if plan.has_signer:
        words = signer_words(plan.data, os.environ)
        programs.append(python("signer", SIGNER_MODULE, *words))
    if plan.receiver_port:
        where = ("--port", plan.receiver_port, "--data", plan.data)
        programs.append(python("receiver", RECEIVER_MODULE, *where))
    return programs


def web_words(port: int) -> tuple[object, ...]:
    """Return the command of the web server. It writes no access log: see anonymity.py."""
    return (
        *("granian", "--interface", "rsgi", "--host", "127.0.0.1"),
        *("--port", port, "--workers", 1, "--backlog", BACKLOG),
        *("--http1-header-read-timeout", HEAD_MILLISECONDS),
        *("--no-ws", "--respawn-failed-workers", "--workers-kill-timeout", 10),
        *("--log-level", "warning", "config.rsgi:application"),
    )


def _django_command(plan: Plan, *words: str) -> None:
    """Run a `manage.py` command to its end. Raises `StartFailed` with its complaint."""
    done = subprocess.run(
        [sys.executable, CHECKOUT / "manage.py", *words],
        env={**os.environ, "TOCSIN_DATA": str(plan.data)},
        capture_output=True,
        text=True,
        check=False,
    )
    log = plan.data / "log" / f"{words[0]}.log"
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode != 0:
        complaint = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise StartFailed(f"{words[0]} failed: {' '.join(complaint)} ({log})")


def _play_case(plan: Plan) -> None:
    """Have the demo's case stand in its world; without it the world is as usable."""
    try:
        _django_command(plan, "play_case")
    except StartFailed as error:
        sys.stderr.write(f"tocsin: the demo goes on without its case: {error}\n")


def _is_empty(plan: Plan) -> bool:
    if "postgresql" not in plan.embedded:
        return False
    chosen = os.environ.get("TOCSIN_POSTGRES_BIN")
    postgres = Postgres(plan.data, programs=Path(chosen) if chosen else None)
    count = "SELECT count(*) FROM tocsin_organisation"
    return postgres.run_sql(count, database=DATABASE) == "0"


def _shared_environment(plan: Plan) -> dict[str, str]:
    """Return what the commands of this checkout must know of the running world."""
    if "postgresql" not in plan.embedded:
        return {}
    names = ("BASE_URL", "EMAIL_URL", "TOCSIN_DEMO", "TOCSIN_DEMO_RECEIVER")
    more = ("TOCSIN_ALLOW_PRIVATE_WEBHOOKS", "TOCSIN_KEK_FILE", "TOCSIN_MAIL_LISTEN")
    all_names = (*names, *more, "TOCSIN_SIGNER_SOCKET")
    return {name: os.environ[name] for name in all_names if name in os.environ}


def _wait_until_ready(supervisor: Supervisor, plan: Plan) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while not supervisor.is_told_to_stop:
        supervisor.look_after()
        if _answers(plan.port):
            return
        if time.monotonic() > deadline:
            log = plan.data / "log" / "web.log"
            raise StartFailed(f"The site does not answer; {log} says why.")
        time.sleep(READY_POLL_SECONDS)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status < HTTPStatus.INTERNAL_SERVER_ERROR
        except (OSError, http.client.HTTPException):
            return False


def _mail_address(plan: Plan) -> str:
    folder = os.environ["EMAIL_URL"].removeprefix("file://")
    return f"{os.environ['BASE_URL']}/mailbox/" if plan.has_demo else folder


def _screen(plan: Plan) -> str:
    site = os.environ["BASE_URL"]
    lines = ["", "Tocsin is ready.", "", f"  Site      {site}/"]
    lines.append(f"  API       {site}/api/docs/")
    if os.environ.get("EMAIL_URL", "").startswith("file://"):
        lines.append(f"  Mail      {_mail_address(plan)}")
    lines.append(f"  Mail in   {plan.mail_listen}")
    if plan.receiver_port:
        lines.append(f"  Webhooks  {plan.receiver_url} receives those of the demo")
    lines += [f"  Data      {plan.data}", f"  Logs      {plan.data / 'log'}", ""]
    if plan.has_demo:
        lines.append("  Sign in with the password tocsin-demo as")
        lines += [f"    {address:26}{what}" for address, what in DEMO_PEOPLE]
    else:
        lines.append("  Load your organisations and people: manage.py apply FILE.toml")
    return "\n".join([*lines, "", "  Ctrl-C stops everything.", "", ""])
