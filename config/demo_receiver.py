"""A small receiver of signed webhooks, for the demo and for tests.

    python -m config.demo_receiver --port 8199 --data var

It checks the signature, appends what it got to `demo/webhooks.jsonl` under the data
folder and answers 200; a webhook that is not signed with a known secret gets 401. Secrets
stand in `demo/webhook-secrets`, one a line, or in DEMO_RECEIVER_SECRETS, with commas.
"""

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from escalation.notifications.webhook_signature import is_signed

MAX_BODY_BYTES: Final = 64 * 1024
_SECONDS_PER_REQUEST: Final = 15


class Receiver(ThreadingHTTPServer):
    """Keeps the webhooks that are properly signed. Port 0 takes a free one."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, *, port: int, data: Path, secrets: Sequence[str] = ()) -> None:
        self.log_path = data / "demo" / "webhooks.jsonl"
        self._secrets_path = data / "demo" / "webhook-secrets"
        self._secrets = list(secrets)
        self._lock = threading.Lock()
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(("127.0.0.1", port), _Handler)

    def secrets(self) -> list[str]:
        """Return the known secrets; the file may change while this runs."""
        try:
            lines = self._secrets_path.read_text().split()
        except FileNotFoundError:
            lines = []
        return self._secrets + lines

    def keep(self, uid: str, body: bytes, *, path: str) -> None:
        """Append one webhook to the log."""
        line = {
            "received_at": datetime.now(UTC).isoformat(),
            "path": path,
            "webhook_id": uid,
            "body": json.loads(body),
        }
        text = json.dumps(line, ensure_ascii=False) + "\n"
        with self._lock, self.log_path.open("a", encoding="utf-8") as log:
            log.write(text)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"
    timeout = _SECONDS_PER_REQUEST

    def do_POST(self) -> None:
        """Check and keep one webhook."""
        body = self._body()
        if body is None:
            return self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not is_verified(self.headers, body, secrets=self.server.secrets()):
            return self._answer(HTTPStatus.UNAUTHORIZED)
        try:
            self.server.keep(self.headers["webhook-id"], body, path=self.path)
        except ValueError:
            return self._answer(HTTPStatus.BAD_REQUEST)
        return self._answer(HTTPStatus.OK)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: the log file says what came."""

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            return None
        return self.rfile.read(int(length))

    def _answer(self, status: HTTPStatus) -> None:
        if status != HTTPStatus.OK:
            self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


def is_verified(headers: Message, body: bytes, *, secrets: Sequence[str]) -> bool:
    """Tell whether the webhook was signed just now with one of the secrets."""
    uid = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not uid or not timestamp.isdigit():
        return False
    return any(
        is_signed(
            secret,
            uid=uid,
            timestamp=int(timestamp),
            body=body,
            signature=headers.get("webhook-signature", ""),
            at=int(time.time()),
        )
        for secret in secrets
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args(arguments)
    secrets = [s for s in os.environ.get("DEMO_RECEIVER_SECRETS", "").split(",") if s]
    with Receiver(port=options.port, data=options.data, secrets=secrets) as receiver:
        sys.stdout.write(f"demo receiver ready on port {receiver.server_port}\n")
        sys.stdout.flush()
        try:
            receiver.serve_forever()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
