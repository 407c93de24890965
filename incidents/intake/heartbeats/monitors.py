"""Make and change heartbeat monitors, and show their addresses."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.severity import SEVERITIES
from incidents.incident.taxonomy import category_named
from incidents.incident.tlp import parse_tlp
from incidents.intake.heartbeats.models import Heartbeat, HeartbeatState
from incidents.intake.heartbeats.watching import has_open_incident, watch
from incidents.intake.receive import digest_of_key
from incidents.intake.recurrence import RecurrenceError, check_recurrence
from incidents.ledger.keyring import open_secret, seal_secret
from incidents.organisations.models import Organisation

KEY_BYTES: Final = 32
CONTEXT: Final = "heartbeat"
MAX_MINUTES: Final = 366 * 24 * 60
# A change of these begins the wait anew.
_RHYTHM: Final = {"is_enabled", "period_minutes", "cron", "zone", "grace_minutes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatDraft:
    """What a monitor expects, and the incident that it opens."""

    name: str
    is_enabled: bool = True
    period_minutes: int = 0
    cron: str = ""
    zone: str = "UTC"
    grace_minutes: int = 5
    severity: int = 2
    category: str = "AVL"
    tlp: str = "AMBER+STRICT"


OPTIONS: Final = tuple(HeartbeatDraft.__dataclass_fields__)


def create_heartbeat(
    organisation: Organisation,
    draft: HeartbeatDraft,
    *,
    slug: str,
    actor: Actor,
    now: datetime,
) -> Heartbeat:
    """Make a monitor; the first sign is due from now on. Raises BadInput."""
    if Heartbeat.objects.filter(organisation=organisation, slug=slug).exists():
        raise BadInput("slug", slug, "Another monitor has it; choose another.")
    values = check_heartbeat(asdict(draft), now)
    with recording(now):
        heartbeat = Heartbeat.objects.create(
            organisation=organisation,
            slug=slug,
            watched_since=now,
            **_key_columns(secrets.token_urlsafe(KEY_BYTES)),
            **values,
        )
        watch(heartbeat)
        _record(heartbeat, "created", {"name": draft.name}, actor)
    return heartbeat


def change_heartbeat(
    heartbeat: Heartbeat, *, changes: Mapping[str, Any], actor: Actor, now: datetime
) -> Heartbeat:
    """Change what a monitor expects; another rhythm begins now. Raises BadInput."""
    if unknown := sorted(changes.keys() - set(OPTIONS)):
        raise BadInput(unknown[0], changes[unknown[0]], "This cannot be changed.")
    with recording(now):
        row = Heartbeat.objects.select_for_update(no_key=True).get(pk=heartbeat.pk)
        present = {name: getattr(row, name) for name in OPTIONS}
        values = check_heartbeat({**present, **changes}, now)
        differing = {n: v for n, v in values.items() if present[n] != v}
        if not differing:
            return row
        for name, value in differing.items():
            setattr(row, name, value)
        if differing.keys() & _RHYTHM:
            row.watched_since = now
        if differing.get("is_enabled") and not has_open_incident(row):
            # Nobody knows any more that it was late, so it is waited for anew.
            row.state, row.late_since = HeartbeatState.NEW, None
        row.save(
            update_fields=[*sorted(differing), "watched_since", "state", "late_since"]
        )
        if differing.keys() & _RHYTHM:
            watch(row)
        _record(row, "changed", differing, actor)
    return row


def rotate_heartbeat_key(
    heartbeat: Heartbeat, *, actor: Actor, now: datetime
) -> Heartbeat:
    """Give a monitor another address; the old one ends at once."""
    with recording(now):
        for column, value in _key_columns(secrets.token_urlsafe(KEY_BYTES)).items():
            setattr(heartbeat, column, value)
        heartbeat.save(update_fields=["key_digest", "key_sealed"])
        _record(heartbeat, "given a new key", {}, actor)
    return heartbeat


def heartbeat_url(heartbeat: Heartbeat) -> str:
    """Return the address that must be called in time; it holds the key."""
    key = open_secret(bytes(heartbeat.key_sealed), context=CONTEXT).decode("ascii")
    return f"{settings.BASE_URL}/hooks/heartbeat/{key}"


def check_heartbeat(values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return what a monitor is to be, checked as a whole. Raises BadInput."""
    checked = dict(values)
    _check_rhythm(checked, now)
    if not str(checked["name"]).strip():
        raise BadInput("name", checked["name"], "Give it a name.")
    if checked["severity"] not in {level.level for level in SEVERITIES}:
        raise BadInput("severity", checked["severity"], "Give a number from 0 to 5.")
    if category_named(checked["category"]) is None:
        raise BadInput("category", checked["category"], "Use a code of the taxonomy.")
    try:
        checked["tlp"] = parse_tlp(checked["tlp"]).value
    except ValueError as error:
        raise BadInput("tlp", checked["tlp"], str(error)) from None
    return checked


def _check_rhythm(values: Mapping[str, Any], now: datetime) -> None:
    period, cron = values["period_minutes"], values["cron"]
    if bool(period) == bool(cron):
        remedy = "Give either a period or a cron expression."
        raise BadInput("period_minutes", period, remedy)
    for name, least in (("period_minutes", 0), ("grace_minutes", 0)):
        if not least <= values[name] <= MAX_MINUTES:
            remedy = f"Give minutes from {least} to {MAX_MINUTES}."
            raise BadInput(name, values[name], remedy)
    try:
        check_recurrence(cron or "0 0 * * *", values["zone"], now)
    except RecurrenceError as error:
        raise BadInput(error.field, error.value, error.remedy) from None


def _key_columns(key: str) -> dict[str, bytes]:
    sealed = seal_secret(key.encode("ascii"), context=CONTEXT)
    return {"key_digest": digest_of_key(key), "key_sealed": sealed}


def _record(
    heartbeat: Heartbeat, done: str, changes: Mapping[str, Any], actor: Actor
) -> None:
    record(
        "config.changed",
        organisation_id=heartbeat.organisation_id,
        actor=actor,
        body={"what": f"Heartbeat {heartbeat.slug} {done}", "changes": dict(changes)},
    )
