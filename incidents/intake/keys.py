"""Make the keys of sources, in the form that the clients of each tool expect."""

import re
import secrets
import string
from typing import Final

KEY_BYTES: Final = 32
# Clients of PagerDuty's API check the length.
LENGTHS: Final = {"pagerduty_events": 32}

_ALPHANUMERIC: Final = string.ascii_letters + string.digits
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,100}")


def new_key(tool: str) -> str:
    """Return a key of at least 190 random bits, in the form that the tool's clients ask."""
    length = LENGTHS.get(tool)
    if length is None:
        return secrets.token_urlsafe(KEY_BYTES)
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(length))


def key_remedy(key: str, *, tool: str) -> str:
    """Return how to write a key that cannot be used for this tool, nothing for a good one."""
    length = LENGTHS.get(tool)
    if length is None:
        is_good = _KEY.fullmatch(key)
        return "" if is_good else "Use 16 to 100 of A-Z, a-z, 0-9, - and _."
    if len(key) == length and set(key) <= set(_ALPHANUMERIC):
        return ""
    return f"Use {length} of A-Z, a-z and 0-9: the tool's clients check that."
