"""Kill the receiver in mid-storm: every mail that was answered 250 is in PostgreSQL."""

import contextlib
import signal
import smtplib
import subprocess
import sys
import threading
import time
from pathlib import Path

from django.db import connection

from incidents.mail.models import Mail
from tests.conftest import Database
from tests.incidents.mail.conftest import make_lab
from tests.incidents.mail.post import free_port

CHECKOUT = Path(__file__).resolve().parents[3]
KILLS = 3
SENDERS = 4


class _Storm:
    """Threads that send mail without a pause and remember what was answered 250."""

    def __init__(self, port: int, address: str) -> None:
        self.port, self.address = port, address
        self.answered: list[str] = []
        self.cut_off = 0
        self.is_over = threading.Event()
        self.threads = [
            threading.Thread(target=self._send, args=(number,))
            for number in range(SENDERS)
        ]

    def _send(self, sender: int) -> None:
        number = 0
        while not self.is_over.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as relay:
                    while not self.is_over.is_set():
                        number += 1
                        self._hand_in(relay, f"{sender}-{number}")
            except (OSError, smtplib.SMTPException):
                self.cut_off += 1
                time.sleep(0.05)

    def _hand_in(self, relay: smtplib.SMTP, name: str) -> None:
        body = f"Subject: {name}\r\n\r\n{'x' * 2000}\r\n".encode()
        relay.sendmail("eve@evil.example", [self.address], body)
        self.answered.append(name)


def _start(database: Database, port: int) -> subprocess.Popen[bytes]:
    environment = database.environment(
        TOCSIN_MAIL_LISTEN=f"smtp://127.0.0.1:{port}",
        TOCSIN_MAIL_DOMAIN="tocsin.example",
        TOCSIN_MAIL_PER_HOUR="1000000",
    )
    process = subprocess.Popen(
        [sys.executable, "manage.py", "receive_mail"],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"Taking mail at smtp://")
    return process


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_killing_the_receiver_loses_no_answered_mail(world_database: Database):
    lab, port = make_lab(), free_port()
    storm = _Storm(port, lab.address)
    process = _start(world_database, port)
    for thread in storm.threads:
        thread.start()
    try:
        for _ in range(KILLS):
            before = len(storm.answered)
            _wait_until(lambda before=before: len(storm.answered) > before + 40)
            _kill(process)
            process = _start(world_database, port)
        _wait_until(lambda: len(storm.answered) > KILLS * 40 + 20)
    finally:
        storm.is_over.set()
        for thread in storm.threads:
            thread.join(15)
        with contextlib.suppress(ProcessLookupError):
            _kill(process)
    connection.close()
    stored = {bytes(raw or b"") for raw in Mail.objects.values_list("raw", flat=True)}
    names = {
        raw.split(b"\r\n")[0].removeprefix(b"Subject: ").decode() for raw in stored
    }
    assert len(storm.answered) > KILLS * 40
    assert storm.cut_off >= KILLS
    assert set(storm.answered) - names == set()


def _wait_until(is_so, *, seconds: float = 60) -> None:
    ends_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.02)
