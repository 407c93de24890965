"""Ask what the mail relay found out about the sender. Nothing here checks a signature.

Only headers that carry the relay's own name count, and the relay must take out those that
others put in under its name. Source: RFC 8601 §2.2 (the header), §5 (removing forged ones).
"""

import re
from collections.abc import Iterator
from typing import Final

from incidents.mail.reading import Letter

_COMMENT: Final = re.compile(r"\([^()]*\)")
_MAX_NESTED: Final = 10


def is_vouched_for(letter: Letter, *, sender: str, relay: str) -> bool:
    """Whether the relay says that the sender's domain sent the mail.

    That is `dmarc=pass` for it, or `dkim=pass` by it or by a domain above it. A
    `dmarc=fail` of the relay outweighs both.
    """
    domain = sender.rpartition("@")[2]
    if not relay or not domain:
        return False
    results = list(_results(letter, relay))
    if any(result.startswith("dmarc=fail") for result in results):
        return False
    return any(_speaks_for(result, domain) for result in results)


def _results(letter: Letter, relay: str) -> Iterator[str]:
    for value in letter.headers.get("authentication-results", ()):
        named, *results = _without_comments(value).lower().split(";")
        if named.split()[:1] == [relay.lower()]:
            yield from (" ".join(result.split()) for result in results)


def _without_comments(value: str) -> str:
    for _ in range(_MAX_NESTED):
        shorter = _COMMENT.sub(" ", value)
        if shorter == value:
            break
        value = shorter
    return value


def _speaks_for(result: str, domain: str) -> bool:
    words = result.split()
    said = dict(word.split("=", 1) for word in words if "=" in word)
    if said.get("dmarc") == "pass":
        return said.get("header.from", domain).rpartition("@")[2] == domain
    if said.get("dkim") == "pass":
        signer = said.get("header.d") or said.get("header.i", "").rpartition("@")[2]
        return "." in signer and (domain == signer or domain.endswith(f".{signer}"))
    return False
