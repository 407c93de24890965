"""Outside services as local fakes that record: a mail server, a web server."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class MailServer:
    """Records what it accepts; `replies` are given to the next messages first."""

    mails: list[EmailMessage] = field(default_factory=list)
    arrivals: list[datetime] = field(default_factory=list)
    sessions: set[int] = field(default_factory=set)
    replies: list[str] = field(default_factory=list)
    recipient_reply: str = "250 OK"
    hangs_up: bool = False

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.recipient_reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_reply

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.hangs_up:
            server.transport.abort()
        if self.replies:
            return self.replies.pop(0)
        self.sessions.add(id(session))
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.arrivals.append(datetime.now(UTC))
        return "250 OK"

    def recipients(self) -> list[str]:
        return sorted(str(mail["To"]) for mail in self.mails)


@dataclass
class Post:
    path: str
    headers: dict[str, str]
    body: bytes


class HttpServer(ThreadingHTTPServer):
    """Records each POST and answers it as `answer` says: status, headers."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.answer: tuple[int, dict[str, str]] = (200, {})
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: HttpServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.posts.append(Post(self.path, headers, body))
        status, more = self.server.answer
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass
