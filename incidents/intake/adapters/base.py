"""Say what an adapter returns, and clean what tools send.

An adapter turns the raw body of one delivery into alerts. It never guesses identity:
`dedup_key` is the same for every message about one alert, and `group_key` for all
alerts that belong in one incident, both within one source.

Values from tools are untrusted text: they reach pages, mail headers and database
columns. Every text below is cut to size and freed of control characters.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

Status = Literal["firing", "resolved"]

MAX_TITLE = 200
MAX_SUMMARY = 4_000
MAX_KEY = 200
MAX_URL = 2_000
MAX_LABELS = 64
MAX_LABEL_NAME = 128
MAX_LABEL_VALUE = 512
MAX_SHOWN = 80

# NUL and half surrogate pairs cannot be stored by PostgreSQL; the other control and
# direction characters can forge headers or the look of a page.
_UNWANTED = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    r"\ud800-\udfff\ufeff]"
)
_LINE_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"\s+")

SEVERITY_WORDS: dict[str, str] = {
    "critical": "critical",
    "page": "critical",
    "fatal": "critical",
    "emergency": "critical",
    "p1": "critical",
    "error": "high",
    "high": "high",
    "major": "high",
    "p2": "high",
    "warning": "medium",
    "warn": "medium",
    "medium": "medium",
    "moderate": "medium",
    "p3": "medium",
    "low": "low",
    "minor": "low",
    "p4": "low",
    "info": "info",
    "informational": "info",
    "notice": "info",
    "none": "info",
    "debug": "info",
    "p5": "info",
}


class Unreadable(ValueError):
    """The body is not what the tool sends. Names the field, its value and the remedy."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        self.field = field
        self.value = shown(value)
        self.remedy = remedy
        super().__init__(f"{field}: found {self.value}; {remedy}")


@dataclass(frozen=True, slots=True)
class ParsedAlert:
    """One alert of a delivery, in the product's own terms."""

    dedup_key: str
    status: Status
    title: str
    summary: str = ""
    severity: str = "unknown"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    event_at: datetime | None = None
    labels: dict[str, str] = field(default_factory=dict)
    url: str = ""
    group_key: str = ""
    group_title: str = ""


@dataclass(frozen=True, slots=True)
class ParsedDelivery:
    """What one delivery says. It may hold no alert, such as a notice of a pause.

    `truncated` counts alerts that the sender says it left out. `ignored` says in one
    sentence why a known event gives no alert; it differs from a body that is not the
    tool's, which is Unreadable.
    """

    alerts: tuple[ParsedAlert, ...]
    is_test: bool = False
    truncated: int = 0
    ignored: str = ""


def read_object(body: bytes) -> dict[str, Any]:
    """Read the body as a JSON object. Raises Unreadable."""
    try:
        value = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        remedy = f"send a JSON object in UTF-8 ({error})"
        raise Unreadable("body", body[:MAX_SHOWN], remedy) from None
    if not isinstance(value, dict):
        raise Unreadable("body", value, "send a JSON object, not another type")
    return value


def read_alerts(body: Mapping[str, Any], *, field: str = "alerts") -> list[Any]:
    """Return the list of alerts, each of which is an object. Raises Unreadable."""
    alerts = body.get(field)
    if not isinstance(alerts, list):
        raise Unreadable(field, alerts, "send a list of alerts under this key")
    for index, alert in enumerate(alerts):
        if not isinstance(alert, dict):
            raise Unreadable(
                f"{field}[{index}]", alert, "send an object for each alert"
            )
    return alerts


def mapping_at(body: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the object under this key, an empty one when there is none."""
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def first_text(*values: object) -> str:
    """Return the first of the values that is text or a number and not empty."""
    for value in values:
        text = as_text(value).strip()
        if text:
            return text
    return ""


def as_text(value: object) -> str:
    """Write a scalar as text; anything else is empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number_text(value)
    return ""


def _number_text(value: float) -> str:
    try:
        return str(value)
    except ValueError:  # an integer with more digits than Python agrees to print
        return ""


def one_line(text: str, *, limit: int = MAX_TITLE) -> str:
    """Return the text without line breaks or control characters, cut to `limit`."""
    spaced = _SPACES.sub(" ", _LINE_BREAKS.sub(" ", text))
    return _cut(_UNWANTED.sub("", spaced).strip(), limit)


def many_lines(text: str, *, limit: int = MAX_SUMMARY) -> str:
    """Return the text with plain line breaks, without control characters, cut."""
    return _cut(_UNWANTED.sub("", _LINE_BREAKS.sub("\n", text)).strip(), limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def clean_labels(values: Mapping[str, object]) -> dict[str, str]:
    """Return at most `MAX_LABELS` labels with text values, sorted by name."""
    labels: dict[str, str] = {}
    for name in sorted(values)[:MAX_LABELS]:
        key = one_line(name, limit=MAX_LABEL_NAME)
        if key:
            labels[key] = one_line(as_text(values[name]), limit=MAX_LABEL_VALUE)
    return labels


def key_of(*parts: str) -> str:
    """Join the parts of a key; one that is long or not clean becomes its hash."""
    key = ":".join(parts)
    if len(key) <= MAX_KEY and key.isprintable():
        return key
    digest = hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()
    return f"sha256:{digest}"


def fingerprint_of(labels: Mapping[str, object]) -> str:
    """Return a digest that is the same for the same labels in any order."""
    pairs = sorted((name, as_text(value)) for name, value in labels.items())
    return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()[:32]


def safe_url(*values: object) -> str:
    """Return the first value that is a web address, else nothing.

    An address that carries a user name or password is left out: it would be shown.
    """
    for value in values:
        if isinstance(value, str) and _is_web_address(value):
            return value
    return ""


def _is_web_address(text: str) -> bool:
    if len(text) > MAX_URL or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    is_web = parts.scheme in ("http", "https")
    return is_web and bool(parts.hostname) and "@" not in parts.netloc


def severity_word(value: object) -> str:
    """Translate a tool's severity; what is not known is `unknown`."""
    return SEVERITY_WORDS.get(as_text(value).strip().lower(), "unknown")


def shown(value: object) -> str:
    """Write a value for an error message: short and on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return f"an object with {len(value)} keys"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = value if isinstance(value, str) else as_text(value)
    return f'"{one_line(text, limit=MAX_SHOWN)}"' if text.strip() else "an empty value"
