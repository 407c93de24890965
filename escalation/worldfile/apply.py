"""Apply a configuration file: all of it or nothing, and the second time nothing.

A dry run does the same work and takes it back, so that it cannot say something else
than what the real run does.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection

from escalation.notifications.methods import SECRET_CONTEXT
from escalation.notifications.models import ContactMethod
from escalation.worldfile.changes import Changes
from escalation.worldfile.laws import write_laws
from escalation.worldfile.mailboxes import write_mailboxes
from escalation.worldfile.references import check_references
from escalation.worldfile.retention import write_retention
from escalation.worldfile.schema import read_world
from escalation.worldfile.stamps import write_authorities
from escalation.worldfile.witnesses import write_witnesses
from escalation.worldfile.world import World
from escalation.worldfile.write_access import write_access
from escalation.worldfile.write_approval import write_approval
from escalation.worldfile.write_calendars import write_calendars
from escalation.worldfile.write_desks import write_desks
from escalation.worldfile.write_heartbeats import write_heartbeats
from escalation.worldfile.write_maintenance import write_windows
from escalation.worldfile.write_paths import write_paths
from escalation.worldfile.write_rules import write_rules
from escalation.worldfile.write_schedules import write_schedules
from escalation.worldfile.write_sources import write_sources
from incidents.events.record import recording
from incidents.ledger.keyring import open_secret

# One file at a time: any number that nothing else locks on.
LOCK: Final = 0x70C51E


@dataclass(frozen=True, slots=True)
class Applied:
    """What changed, as lines that begin with +, ~ or -; secrets are shown only here."""

    lines: tuple[str, ...]
    secrets: tuple[str, ...]
    notes: tuple[str, ...]


class _TakenBack(Exception):
    """A dry run ends its transaction so."""


def apply_world(text: str, *, now: datetime, is_dry_run: bool = False) -> Applied:
    """Bring the database to what the text says, in one transaction.

    Raises WorldFileInvalid with everything that is wrong, and NotPossible for what the
    present state forbids. A dry run shows the lines and no secrets.
    """
    is_demo_allowed = settings.DEMO or settings.DEBUG
    world, problems = read_world(
        text,
        is_demo_allowed=is_demo_allowed,
        substitutes={"TOCSIN_DEMO_RECEIVER": settings.DEMO_RECEIVER_URL.rstrip("/")},
    )
    changes = Changes(now)
    with suppress(_TakenBack), recording(now):
        _wait_for_others()
        check_references(world, problems)
        problems.raise_if_any()
        _write(world, changes)
        if is_dry_run:
            raise _TakenBack
    if is_dry_run:
        return Applied(tuple(changes.lines), (), tuple(changes.notes))
    if is_demo_allowed:
        give_secrets_to_demo_receiver()
    return Applied(tuple(changes.lines), tuple(changes.secrets), tuple(changes.notes))


def give_secrets_to_demo_receiver() -> None:
    """Write the signing secrets of webhooks to the demo's receiver where it looks.

    Does nothing when no such receiver is set.
    """
    receiver = settings.DEMO_RECEIVER_URL
    if not receiver:
        return
    methods = ContactMethod.objects.filter(
        channel="webhook", address__startswith=receiver
    ).exclude(secret_sealed=None)
    secrets = [
        open_secret(method.secret_sealed or b"", context=SECRET_CONTEXT).decode()
        for method in methods.order_by("pk")
    ]
    _replace(settings.DATA_DIR / "demo" / "webhook-secrets", "\n".join(secrets) + "\n")


def _wait_for_others() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _write(world: World, changes: Changes) -> None:
    write_access(world, changes)
    write_calendars(world, changes)
    write_schedules(world, changes)
    write_paths(world, changes)
    write_rules(world, changes)
    # Last: a rule that begins with this file does not hold up the policies in it.
    write_approval(world, changes)
    write_laws(world, changes)
    write_sources(world, changes)
    write_desks(world, changes)
    write_heartbeats(world, changes)
    write_windows(world, changes)
    write_mailboxes(world, changes)
    write_witnesses(world, changes)
    write_retention(world, changes)
    write_authorities(world, changes)
    changes.record()


def _replace(path: Path, text: str) -> None:
    """Write a private file at once, never half."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        target.write(text)
    part.replace(path)
