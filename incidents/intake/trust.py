"""Choose how a source's senders prove who they are, and change its keys and secrets.

Whatever changes here gives the source another `trust_version`, which is how running web
servers notice that the settings they keep in memory are out of date.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.intake.checking import SECRET_CONTEXT
from incidents.intake.models import Delivery, Source
from incidents.intake.receive import KEPT_HEADERS
from incidents.intake.trust_kinds import (
    KINDS,
    REASONS,
    check_secret,
    read_options,
    read_ranges,
    sentence_of,
)
from incidents.ledger.keyring import open_secret, seal_secret

SECRET_BYTES: Final = 32
MAX_KEPT: Final = timedelta(days=30)
CHANGEABLE: Final = ("verification", "options", "secret", "address_ranges")


@dataclass(frozen=True, slots=True)
class OldKey:
    """A former key that still works."""

    ends_at: datetime
    last_used_at: datetime | None


def change_trust(
    source: Source,
    *,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    keep_old_secret: timedelta = timedelta(0),
) -> str:
    """Change how senders prove who they are; returns a secret that was made, or "".

    Changes are of `verification`, `options`, `secret`, `address_ranges`; what is left
    out stays, but another kind starts with its own defaults and needs its own secret.
    An empty secret asks for one to be made. Raises BadInput.
    """
    if unknown := sorted(changes.keys() - set(CHANGEABLE)):
        raise BadInput(unknown[0], changes[unknown[0]], "This cannot be changed.")
    check_kept("keep_old_secret", keep_old_secret)
    wanted = _wanted(source, changes)
    secret, is_made = _secret_for(source, wanted["verification"], changes)
    differing = {n: v for n, v in wanted.items() if getattr(source, n) != v}
    if not differing and not secret:
        return ""
    with recording(now):
        if secret or not KINDS[wanted["verification"]].has_secret:
            is_same_kind = "verification" not in differing
            differing |= _secret_columns(
                source, secret, until=now + keep_old_secret if is_same_kind else now
            )
        write_trust(source, differing, now=now)
        _record(source, "changed its checks", _told(wanted, bool(secret)), actor)
    return secret if is_made else ""


def end_old_key(source: Source, *, actor: Actor, now: datetime) -> None:
    """End the former key now; without one nothing changes."""
    if source.old_key_digest is None:
        return
    with recording(now):
        write_trust(source, {"old_key_digest": None, "old_key_ends_at": None}, now=now)
        _record(source, "ended its former key", {}, actor)


def old_key_of(source: Source, *, now: datetime) -> OldKey | None:
    """Return the former key, if it still works, with its last use."""
    if source.old_key_ends_at is None or source.old_key_ends_at <= now:
        return None
    rows = Delivery.objects.filter(source=source, by_old_key=True).order_by("-id")
    last = rows.values_list("received_at", flat=True).first()
    return OldKey(source.old_key_ends_at, last)


def secret_of(source: Source) -> str | None:
    """Return the secret in clear, for comparison only."""
    if source.secret_sealed is None:
        return None
    return open_secret(source.secret_sealed, context=SECRET_CONTEXT).decode()


def proof_of(source: Source) -> str:
    """Say in a sentence or two what the source can prove of its senders."""
    return sentence_of(
        source.verification,
        ranges=len(source.address_ranges),
        options=source.verification_options,
    )


def refusals_of(source: Source) -> list[dict[str, Any]]:
    """Return what the source refused, reason by reason, the latest first."""
    rows = source.refusals.order_by("-last_at")
    return [
        {
            "reason": row.reason,
            "meaning": REASONS[row.reason].sentence,
            "remedy": REASONS[row.reason].remedy,
            "last_told": row.last_told,
            "count": row.count,
            "first_at": row.first_at,
            "last_at": row.last_at,
            "last_size_bytes": row.last_size_bytes,
            "last_sha256": bytes(row.last_sha256).hex(),
            "last_address": row.last_address,
        }
        for row in rows
    ]


def write_trust(source: Source, columns: Mapping[str, Any], *, now: datetime) -> None:
    """Write columns that decide whom to trust, with another version of them."""
    for name, value in columns.items():
        setattr(source, name, value)
    if source.old_secret_ends_at is None or source.old_secret_ends_at <= now:
        source.old_secret_sealed, source.old_secret_ends_at = None, None
    source.trust_version = _next_version(source)
    former = ("old_secret_sealed", "old_secret_ends_at", "trust_version")
    source.save(update_fields=sorted({*columns, *former}))


def check_kept(field: str, kept: timedelta) -> None:
    """Check for how long a former key or secret shall work. Raises BadInput."""
    if not timedelta(0) <= kept <= MAX_KEPT:
        raise BadInput(field, kept, f"Keep the old one {MAX_KEPT.days} days at most.")


def _wanted(source: Source, changes: Mapping[str, Any]) -> dict[str, Any]:
    kind = changes.get("verification", source.verification)
    if kind not in KINDS:
        raise BadInput("verification", kind, f"Use one of {', '.join(KINDS)}.")
    is_same = kind == source.verification
    kept = source.verification_options if is_same else {}
    ranges = changes.get("address_ranges", source.address_ranges)
    options = read_options(kind, changes.get("options", kept))
    if kind == "header" and options["header"] in KEPT_HEADERS:
        remedy = "It is stored with each delivery; use one that is only for the secret."
        raise BadInput("header", options["header"], remedy)
    return {
        "verification": kind,
        "verification_options": options,
        "address_ranges": read_ranges(ranges),
    }


def _secret_for(
    source: Source, kind: str, changes: Mapping[str, Any]
) -> tuple[str, bool]:
    """Return the secret to be set, empty to keep that which is, and if it was made."""
    known = KINDS[kind]
    given = changes.get("secret")
    present = secret_of(source) if kind == source.verification else None
    has_one = present is not None
    if given:
        return ("" if given == present else check_secret(kind, given)), False
    if not known.has_secret or (has_one and given is None):
        return "", False
    if not known.is_made_here:
        raise BadInput("secret", "", f"Paste it: {known.setup}")
    return secrets.token_urlsafe(SECRET_BYTES), True


def _secret_columns(source: Source, secret: str, *, until: datetime) -> dict[str, Any]:
    sealed = seal_secret(secret.encode(), context=SECRET_CONTEXT) if secret else None
    return {
        "secret_sealed": sealed,
        "old_secret_sealed": source.secret_sealed if sealed else None,
        "old_secret_ends_at": until if sealed and source.secret_sealed else None,
    }


def _next_version(source: Source) -> int:
    """Return 0 when there is nothing to check, else a number never used before."""
    is_plain = (
        source.verification == "none"
        and not source.address_ranges
        and source.old_key_digest is None
    )
    return 0 if is_plain else secrets.randbits(62) + 1


def _told(wanted: Mapping[str, Any], is_secret_new: bool) -> dict[str, Any]:
    """Return the change in the record's terms; a secret is only said to be new."""
    options = wanted["verification_options"].items()
    return {
        "verification": wanted["verification"],
        "options": [f"{name} = {value}" for name, value in options],
        "address_ranges": wanted["address_ranges"],
        **({"secret": "replaced"} if is_secret_new else {}),
    }


def _record(
    source: Source, done: str, changes: Mapping[str, Any], actor: Actor
) -> None:
    record(
        "config.changed",
        organisation_id=source.organisation_id,
        actor=actor,
        body={"what": f"Source {source.slug} {done}", "changes": dict(changes)},
    )
