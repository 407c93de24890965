import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from escalation.notifications.webhook_signature import new_secret, sign

SECRET, OTHER = new_secret(), new_secret()


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "config.demo_receiver"]
    arguments = ["--port", "0", "--data", str(tmp_path)]
    environment = {**os.environ, "DEMO_RECEIVER_SECRETS": SECRET}
    with subprocess.Popen(
        command + arguments, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        yield f"http://127.0.0.1:{ready.split()[-1]}/aurora"
        process.terminate()


def post(url: str, *, secret: str, body: bytes = b'{"type":"incident.page"}') -> int:
    at = int(time.time())
    headers = {
        "webhook-id": "msg-1",
        "webhook-timestamp": str(at),
        "webhook-signature": sign(secret, uid="msg-1", timestamp=at, body=body),
    }
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def kept(data: Path) -> list[dict[str, Any]]:
    log = data / "demo" / "webhooks.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_signed_webhook_is_kept(url, tmp_path):
    assert post(url, secret=SECRET) == 200
    (line,) = kept(tmp_path)
    assert (line["webhook_id"], line["body"]) == ("msg-1", {"type": "incident.page"})
    assert line["path"] == "/aurora"


def test_secret_that_is_added_later_is_known_at_once(url, tmp_path):
    assert post(url, secret=OTHER) == 401
    assert not (tmp_path / "demo" / "webhooks.jsonl").exists()
    (tmp_path / "demo" / "webhook-secrets").write_text(f"{OTHER}\n")
    assert post(url, secret=OTHER) == 200
    assert len(kept(tmp_path)) == 1


def test_signed_nonsense_is_refused(url, tmp_path):
    assert post(url, secret=SECRET, body=b"not json") == 400
    assert not (tmp_path / "demo" / "webhooks.jsonl").exists()
