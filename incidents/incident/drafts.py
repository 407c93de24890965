"""Keep what a person has typed into the form of a report until it is filed.

One draft for each person, encrypted under the person's own key, so that erasing the key
erases it. It is deleted in the transaction that files the report.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from incidents.errors import TooLarge
from incidents.incident.models import IdempotencyKey, ReportDraft
from incidents.ledger.keyring import decrypt, encrypt, make_data_keys, unwrap
from incidents.organisations.models import User

KEPT: Final = timedelta(days=30)
MAX_BYTES: Final = 500_000

Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Filing:
    """The promise of one form, by which it is known whether it was filed."""

    caller: str
    endpoint: str
    key: str

    def is_done(self) -> bool:
        """Whether the form was filed: a draft that arrives after it is stale."""
        rows = IdempotencyKey.objects.filter(caller=self.caller, endpoint=self.endpoint)
        return rows.filter(key=self.key).exists()


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed, {field: its values}, and when it was kept."""

    fields: Mapping[str, list[str]]
    saved_at: datetime


def save_draft(user: User, fields: Fields, *, filing: Filing, now: datetime) -> bool:
    """Keep the fields in place of the person's earlier draft.

    Returns False, and keeps nothing, when the form has been filed meanwhile or is empty.
    Raises TooLarge.
    """
    typed = {name: list(values) for name, values in fields.items() if any(values)}
    text = json.dumps(typed).encode()
    if len(text) > MAX_BYTES:
        raise TooLarge(
            f"A draft holds at most {MAX_BYTES} bytes; file it or shorten it."
        )
    if not typed or filing.is_done():
        return False
    sealed = encrypt(_key_of(user), text, context=_context(user))
    ReportDraft.objects.update_or_create(
        user=user, defaults={"fields_sealed": sealed, "saved_at": now}
    )
    return True


def open_draft(user: User) -> Draft | None:
    """Return the person's draft, if there is one."""
    row = ReportDraft.objects.filter(user=user).first()
    if row is None:
        return None
    text = decrypt(_key_of(user), row.fields_sealed, context=_context(user))
    fields: dict[str, Any] = json.loads(text)
    return Draft(fields, row.saved_at)


def discard_draft(user: User) -> None:
    """Delete the person's draft."""
    ReportDraft.objects.filter(user=user).delete()


def forget_old_drafts(now: datetime) -> int:
    """Delete drafts that nobody has touched for 30 days; returns how many."""
    return ReportDraft.objects.filter(saved_at__lt=now - KEPT).delete()[0]


def _key_of(user: User) -> bytes:
    return unwrap(make_data_keys([user.uid])[user.uid])


def _context(user: User) -> bytes:
    return b"report-draft:" + user.uid.bytes
