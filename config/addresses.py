"""Turn addresses of servers into what Django and Celery want. Free of state."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

CONNECTION_AGE_SECONDS = 300
CONNECT_TIMEOUT_SECONDS = 5
# A server that vanished without a word must not hold a thread for a quarter of an hour.
PEER_TIMEOUT_MS = 10_000
# As long as a worker's task may last; it ends the wait for a lock too.
STATEMENT_TIMEOUT_SECONDS = 120
SMTP_TIMEOUT_SECONDS = 10
SMTP_PORTS = {"": 25, "starttls": 587, "tls": 465}


def database(url: str, *, statement_seconds: int = 0) -> dict[str, Any]:
    """Return Django's settings of one database from its URL.

    The socket folder of a local server stands in the query: `?host=%2Frun%2Fpg`.
    Other parts of the query become libpq options. A statement may last
    `statement_seconds`, for ever with 0.
    """
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or unquote(parts.hostname or "")
    port = options.pop("port", None) or str(parts.port or "")
    options.setdefault("connect_timeout", CONNECT_TIMEOUT_SECONDS)
    options.setdefault("tcp_user_timeout", PEER_TIMEOUT_MS)
    if statement_seconds:
        # What the URL says stands behind it, and counts.
        timeout = f"-c statement_timeout={statement_seconds}s"
        options["options"] = f"{timeout} {options.get('options', '')}".strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        "CONN_MAX_AGE": CONNECTION_AGE_SECONDS,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def role_of(url: str) -> str:
    """Return the role that a database URL signs in as."""
    return unquote(urlsplit(url).username or "")


def broker(url: str) -> str:
    """Return the form of a Redis URL that Celery reads; only sockets differ."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    number = dict(parse_qsl(parts.query)).get("db", "0")
    return f"redis+socket://{parts.path}?virtual_host={number}"


def email(url: str) -> dict[str, Any]:
    """Return Django's e-mail settings from EMAIL_URL."""
    parts = urlsplit(url)
    backends = "django.core.mail.backends"
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": f"{backends}.console.EmailBackend"}
    if parts.scheme == "file":
        return {
            "EMAIL_BACKEND": "escalation.notifications.file_mailbox.EmailBackend",
            "EMAIL_FILE_PATH": unquote(parts.path),
        }
    tls = dict(parse_qsl(parts.query)).get("tls", "")
    if tls not in SMTP_PORTS or not parts.hostname:
        raise ImproperlyConfigured(
            "EMAIL_URL needs a host and, if any, ?tls=starttls or ?tls=tls."
        )
    return {
        "EMAIL_BACKEND": f"{backends}.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or SMTP_PORTS[tls],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": tls == "starttls",
        "EMAIL_USE_SSL": tls == "tls",
        "EMAIL_TIMEOUT": SMTP_TIMEOUT_SECONDS,
    }
