"""A provider's HTTP API as a local fake: it records, and answers as it is told."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl


@dataclass
class Call:
    """One request as it arrived; `fields` are those of a form or of a JSON object."""

    path: str
    headers: dict[str, str]
    body: bytes
    fields: dict[str, Any]


@dataclass
class Answer:
    """What the fake says next. `silent` closes without a word after the wait."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    wait_seconds: float = 0
    silent: bool = False


class Provider(ThreadingHTTPServer):
    """Records every request. `answers` come first, then the provider's usual one."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: list[Answer] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def usual(self, call: Call) -> Answer:
        """Return what the provider says to a request that it accepts."""
        return Answer(body={"ok": True})

    @contextmanager
    def running(self) -> Iterator["Provider"]:
        threading.Thread(target=self.serve_forever, args=(0.01,)).start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.path, headers, body, _fields(headers, body))
        self.server.calls.append(call)
        answers = self.server.answers
        self._say(answers.pop(0) if answers else self.server.usual(call))

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _say(self, answer: Answer) -> None:
        time.sleep(answer.wait_seconds)
        if answer.silent:
            self.close_connection = True
            return
        body = answer.body
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            # It was not waited for.
            return


def _fields(headers: dict[str, str], body: bytes) -> dict[str, Any]:
    if headers.get("content-type", "").startswith("application/json"):
        return dict(json.loads(body))
    return dict(parse_qsl(body.decode(), keep_blank_values=True))
