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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

Status = Literal["firing", "resolved", "acknowledged", "noted"]

MAX_TITLE = 200
MAX_SUMMARY = 4_000
MAX_KEY = 200
MAX_URL = 2_000
MAX_LABELS = 64
MAX_LABEL_NAME = 128
MAX_LABEL_VALUE = 512
MAX_SHOWN = 80
MAX_DEPTH = 4

# NUL and half surrogate pairs cannot be stored by PostgreSQL; the other control and
# direction characters can forge headers or the look of a page.
_UNWANTED = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    r"\ud800-\udfff\ufeff]"
)
_LINE_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"\s+")

# Fields of which no label is made: pages and mails would show what they hold.
_SECRET_NAME = re.compile(
    r"token|secret|passw|authori[sz]ation|cookie|signature|api_?key|routing_?key"
    r"|client_?state|credential",
    re.IGNORECASE,
)

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
    """One alert of a delivery, in the product's own terms.

    *Acknowledged* and *noted* tell of an alert that fires and leave it firing; `summary`
    is then what was said. `dedup_digest` stands for the key where the tool knows the
    alert by what it is stored under. `severity_told` is the tool's own word where no label
    `severity` holds it. `expires_at` is when the alert ends if the tool does not send it
    again. Bare news names the alert and says no more of it: what was told before stays.
    """

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
    # Not compared: `severity` says the same in our words.
    severity_told: str = field(default="", compare=False)
    expires_at: datetime | None = None
    dedup_digest: str = ""
    is_bare: bool = False


@dataclass(frozen=True, slots=True)
class ParsedDelivery:
    """What one delivery says. It may hold no alert, such as a notice of a pause.

    `truncated` counts alerts that the sender says it left out. `ignored` says in one
    sentence why a known event gives no alert; it differs from a body that is not the
    tool's, which is Unreadable. `refused` says what is wrong with those alerts of the
    body that could not be read beside the others.
    """

    alerts: tuple[ParsedAlert, ...]
    is_test: bool = False
    truncated: int = 0
    ignored: str = ""
    refused: str = ""


def read_object(body: bytes) -> dict[str, Any]:
    """Read the body as a JSON object. Raises Unreadable."""
    value = read_json(body)
    if not isinstance(value, dict):
        raise Unreadable("body", value, "send a JSON object, not another type")
    return value


def read_json(body: bytes) -> Any:
    """Read the body as JSON of any type. Raises Unreadable."""
    try:
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        remedy = f"send a JSON object in UTF-8 ({error})"
        raise Unreadable("body", body[:MAX_SHOWN], remedy) from None


def read_objects(body: bytes) -> list[dict[str, Any]]:
    """Read the body as one JSON object or a list of them. Raises Unreadable."""
    value = read_json(body)
    items = value if isinstance(value, list) else [value]
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            place = f"body[{index}]" if isinstance(value, list) else "body"
            raise Unreadable(place, item, "send a JSON object, not another type")
    return items


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
    """Return the first of the values that is text or a number and shows something."""
    for value in values:
        text = as_text(value).strip()
        if _is_plain(text) or _UNWANTED.sub("", text).strip():
            return text
    return ""


def read_state(value: object, states: Mapping[str, T], *, field: str) -> T:
    """Return what a tool's word for a state means, in any case. Raises Unreadable."""
    word = as_text(value).strip().lower()
    if word not in states:
        raise Unreadable(field, value, f"send one of {', '.join(states)}")
    return states[word]


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


def _is_plain(text: str) -> bool:
    """Whether there is something in the text and nothing to clean: most is so."""
    return (
        text.isascii()
        and text.isprintable()
        and "  " not in text
        and text.strip() != ""
    )


def one_line(text: str, *, limit: int = MAX_TITLE) -> str:
    """Return the text without line breaks or control characters, cut to `limit`."""
    if _is_plain(text):
        return _cut(text.strip(), limit)
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


def labels_of(
    known: Mapping[str, object], rest: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Return labels of the known fields that say something, then of the rest.

    Fields inside objects get dotted names. Those whose name tells of a secret are left
    out, as are all that exceed `MAX_LABELS`.
    """
    said = {
        name: value
        for name, value in known.items()
        if as_text(value).strip() and not _SECRET_NAME.search(name)
    }
    for name, value in _flat(rest or {}, prefix="", depth=1):
        if len(said) >= MAX_LABELS:
            break
        said.setdefault(name, value)
    return clean_labels(said)


def _flat(
    values: Mapping[str, Any], *, prefix: str, depth: int
) -> Iterator[tuple[str, str]]:
    for key in sorted(values):
        name, value = f"{prefix}{key}", values[key]
        if _SECRET_NAME.search(key):
            continue
        if isinstance(value, dict):
            if depth < MAX_DEPTH:
                yield from _flat(value, prefix=f"{name}.", depth=depth + 1)
            continue
        items = value if isinstance(value, list) else [value]
        text = ", ".join(filter(None, map(as_text, items[:MAX_LABELS])))
        if text.strip():
            yield name, text


def without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the object without these keys: what they hold is read elsewhere."""
    return {key: value for key, value in values.items() if key not in names}


def tidied(alert: ParsedAlert) -> ParsedAlert:
    """Return the alert with clean texts, in a group of its own where it names none."""
    title = one_line(alert.title) or "Alert without a name"
    return replace(
        alert,
        title=title,
        summary=many_lines(alert.summary),
        severity_told=one_line(alert.severity_told, limit=MAX_SHOWN),
        group_key=alert.group_key or alert.dedup_key,
        group_title=one_line(alert.group_title) or title,
    )


def timed(alert: ParsedAlert, at: datetime | None) -> ParsedAlert:
    """Return the alert with the one moment that its tool states.

    That is its start where it fires and its end where it is resolved.
    """
    if alert.status == "firing":
        return replace(alert, started_at=alert.started_at or at, event_at=at)
    return replace(alert, ended_at=at, event_at=at)


def told(value: object) -> str:
    """Return a tool's own word for a severity, fit to be looked up and shown."""
    return one_line(as_text(value), limit=MAX_SHOWN)


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
