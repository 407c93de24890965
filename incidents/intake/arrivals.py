"""A request on its way into the database, and what may become of it."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any

from incidents.intake.signatures import Proof


class Verdict(Enum):
    """What became of an arrival."""

    STORED = auto()
    UNKNOWN_KEY = auto()
    REFUSED = auto()
    UNAVAILABLE = auto()


@dataclass(frozen=True, slots=True)
class Settings:
    """How a source's senders prove who they are, as its row says; secrets are sealed.

    In place of a verdict: the arrival was not checked under these, and is not stored.
    """

    source_uid: uuid.UUID
    trust_version: int
    key_digest: bytes
    old_key_ends_at: datetime | None
    verification: str
    options: dict[str, Any]
    secret_sealed: bytes | None
    old_secret_sealed: bytes | None
    old_secret_ends_at: datetime | None
    address_ranges: list[str]


Told = Verdict | Settings


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as it came. `body` is None when it was too large to keep.

    `trust_version` names the settings that it was checked under, `refusal` says why it
    is refused under them and `refused_value` what it named; `current_digest` is that of
    the key for which a former one stands. `proof` is what it brings to be checked.
    """

    tool: str
    key_digest: bytes
    body: bytes | None
    size_bytes: int
    sha256: bytes
    headers: dict[str, str]
    state: str
    proof: Proof | None = field(default=None, repr=False)
    trust_version: int = 0
    refusal: str = ""
    refused_value: str = ""
    current_digest: bytes = b""
    uid: uuid.UUID = field(default_factory=uuid.uuid4)
