"""Say what a compatible surface is: another product's API, answered in its own words.

A surface reads a request and says what to store of it and what to answer once that is
committed. It knows neither HTTP server nor database; `config/surfaces.py` brings both.
"""

import base64
import binascii
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

JSON: Final = "application/json"
MAX_MARK: Final = 2_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `uid` is what its delivery will be known by."""

    method: str
    path: str
    query: Mapping[str, str]
    authorization: str = field(repr=False)
    routing_key: str = field(repr=False)
    body: bytes = field(repr=False)
    uid: uuid.UUID


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent back."""

    status: int
    body: bytes
    media_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What to store of a request, and what to say when that is done or no key fits.

    `body` is freed of the key; `marks` are what else must be kept to read it again.
    `stored` judges the body for the answer: only for a sender whose key is known.
    """

    key: str = field(repr=False)
    body: bytes = field(repr=False)
    stored: Callable[[], Reply]
    unknown_key: Reply
    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surface:
    """One API: the tool whose sources hold its keys, and how it reads and refuses.

    `refuse` words what is wrong with the request as a whole: (status, sentence).
    """

    tool: str
    read: Callable[[Asked], Reading | Reply]
    refuse: Callable[[int, str], Reply]


def json_reply(
    status: int, value: Any, *, headers: tuple[tuple[str, str], ...] = ()
) -> Reply:
    """Return a reply with this value as JSON."""
    return Reply(status, json.dumps(value).encode(), headers=headers)


def read_json(body: bytes) -> Any:
    """Return the document of a body. Raises ValueError."""
    try:
        return json.loads(body.decode("utf-8-sig"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def key_in(authorization: str, *schemes: str) -> str:
    """Return the key that a header names: a token, or the password of Basic.

    >>> key_in("GenieKey abc", "geniekey")
    'abc'
    >>> key_in("Basic dTprZXk=", "bearer", "basic")
    'key'
    """
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() not in schemes:
        return ""
    if scheme.lower() != "basic":
        return rest.strip()
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return text.partition(":")[2]


def clean_marks(marks: Mapping[str, str]) -> dict[str, str]:
    """Return marks as they can be stored: printable, cut, none empty."""
    cleaned = {
        name: "".join(c for c in value if c.isprintable())[:MAX_MARK]
        for name, value in marks.items()
    }
    return {name: value for name, value in cleaned.items() if value}
