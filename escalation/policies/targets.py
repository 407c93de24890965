"""Whom a step reaches: exactly one key, such as {"team": "duty"}. One table of kinds.

What a target names is looked up in `runs/directory.py`, when the step is taken.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import urlsplit

from escalation.policies.reading import PolicyError, is_slug, read_object, shown

TargetKind = Literal[
    "user", "team", "round_robin", "schedule", "next_on_call", "role", "desk", "webhook"
]

MAX_URL = 2_000
ROLES = ("staff", "responder", "approver", "admin", "officer", "supervisor")

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_CONTACT = re.compile(r"[\w][\w .-]{0,99}")


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a step reaches: an e-mail, a slug, a role, a webhook."""

    kind: TargetKind
    value: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a target's value may be, what to do if it is not, and how it is said."""

    fits: Callable[[str], bool]
    remedy: str
    describe: Callable[[str], str]


def parse_target(item: object, *, where: str) -> Target:
    """Read one target. Raises PolicyError."""
    members = read_object(item, where=where)
    known = ", ".join(_KINDS)
    if len(members) != 1:
        raise PolicyError(f"{where}: name exactly one of {known}")
    [(name, value)] = members.items()
    kind = _KINDS.get(name)
    if kind is None:
        raise PolicyError(f"{where}.{name}: not a target; use {known}")
    if not isinstance(value, str) or not kind.fits(value):
        raise PolicyError(f"{where}.{name}: {shown(value)} does not fit; {kind.remedy}")
    return Target(cast("TargetKind", name), value)


def target_body(target: Target) -> dict[str, str]:
    """Return what `parse_target` reads as this target."""
    return {target.kind: target.value}


def describe_target(target: Target) -> str:
    """Return a target as a sentence names it."""
    return _KINDS[target.kind].describe(target.value)


def _is_webhook(text: str) -> bool:
    if "://" not in text:
        return _CONTACT.fullmatch(text) is not None
    if len(text) > MAX_URL or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _team(slug: str) -> str:
    return f"the {slug.replace('-', ' ').removesuffix(' team')} team"


def _webhook(value: str) -> str:
    # Addresses often hold a secret in their path.
    host = urlsplit(value).hostname if "://" in value else None
    return f"the webhook {f'at {host}' if host else value}"


_SCHEDULE_REMEDY = "use a schedule's slug such as primary"

_KINDS: dict[str, _Kind] = {
    "user": _Kind(
        lambda text: _EMAIL.fullmatch(text) is not None,
        "use the e-mail address of an account",
        lambda value: value,
    ),
    "team": _Kind(is_slug, "use a team's slug such as duty", _team),
    "round_robin": _Kind(
        is_slug,
        "use a team's slug such as duty",
        lambda slug: f"the next in turn of {_team(slug)}",
    ),
    "schedule": _Kind(
        is_slug, _SCHEDULE_REMEDY, lambda slug: f"who is on call in {slug}"
    ),
    "next_on_call": _Kind(
        is_slug, _SCHEDULE_REMEDY, lambda slug: f"who is on call next in {slug}"
    ),
    "role": _Kind(
        lambda text: text in ROLES,
        f"use one of {', '.join(ROLES)}",
        lambda role: f"everybody with the role {role}",
    ),
    "desk": _Kind(
        is_slug,
        "use an organisation's slug such as naisa",
        lambda slug: f"the desk of {slug}",
    ),
    "webhook": _Kind(
        _is_webhook, "use an https address or the name of a contact", _webhook
    ),
}
