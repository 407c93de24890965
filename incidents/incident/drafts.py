"""Keep what a person has typed into the form of a report until it is filed.

A draft belongs to one form, so that a second tab takes the place of none. They are
encrypted under the person's own key, so that erasing the key erases them; a draft is
deleted in the transaction that files its report.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from incidents.errors import TooLarge
from incidents.incident.models import IdempotencyKey, ReportDraft
from incidents.ledger.keyring import decrypt, encrypt, make_data_keys, unwrap
from incidents.organisations.models import User

KEPT: Final = timedelta(days=30)
MAX_BYTES: Final = 500_000
MAX_DRAFTS: Final = 5

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
    """What was typed into one form, {field: its values}, and when it was kept."""

    key: str
    fields: Mapping[str, list[str]]
    saved_at: datetime


def save_draft(user: User, fields: Fields, *, filing: Filing, now: datetime) -> bool:
    """Keep the fields in place of what this form held earlier.

    The drafts of other forms, as of a second tab, stay: the newest few of them. Returns
    False, and keeps nothing, when the form has been filed meanwhile or is empty. Raises
    TooLarge.
    """
    typed = {name: list(values) for name, values in fields.items() if any(values)}
    new = Draft(filing.key, typed, now)
    if len(_packed([new])) > MAX_BYTES:
        raise TooLarge(
            f"A draft holds at most {MAX_BYTES} bytes; file it or shorten it."
        )
    if not typed or filing.is_done():
        return False
    with _changing(user, now=now) as drafts:
        others = [draft for draft in drafts if draft.key != filing.key]
        drafts[:] = _fitting([new, *others])
    return True


def open_drafts(user: User) -> list[Draft]:
    """Return the person's drafts, the newest first."""
    row = ReportDraft.objects.filter(user=user).first()
    return [] if row is None else _read(user, row)


def discard_draft(user: User, *, key: str) -> None:
    """Delete the draft of one form."""
    if not ReportDraft.objects.filter(user=user).exists():
        return
    with _changing(user, now=None) as drafts:
        drafts[:] = [draft for draft in drafts if draft.key != key]


def forget_old_drafts(now: datetime) -> int:
    """Delete drafts that nobody has touched for 30 days; returns how many."""
    return ReportDraft.objects.filter(saved_at__lt=now - KEPT).delete()[0]


@contextmanager
def _changing(user: User, *, now: datetime | None) -> Iterator[list[Draft]]:
    """Yield the drafts to be changed in place. Locks the person's row."""
    with transaction.atomic():
        if now is not None:
            empty = {"fields_sealed": b"", "saved_at": now}
            ReportDraft.objects.get_or_create(user=user, defaults=empty)
        row = ReportDraft.objects.select_for_update().filter(user=user).first()
        drafts = _read(user, row) if row else []
        yield drafts
        if row and drafts:
            row.fields_sealed = encrypt(
                _key_of(user), _packed(drafts), context=_context(user)
            )
            row.saved_at = max(draft.saved_at for draft in drafts)
            row.save(update_fields=["fields_sealed", "saved_at"])
        elif row:
            row.delete()


def _read(user: User, row: ReportDraft) -> list[Draft]:
    if not row.fields_sealed:
        return []
    text = decrypt(_key_of(user), row.fields_sealed, context=_context(user))
    kept = json.loads(text)
    if isinstance(kept, dict):
        # As they were kept while there was one for each person.
        return [Draft("", kept, row.saved_at)]
    return [
        Draft(one["key"], one["fields"], datetime.fromisoformat(one["saved_at"]))
        for one in kept
    ]


def _packed(drafts: Sequence[Draft]) -> bytes:
    return json.dumps(
        [
            {
                "key": one.key,
                "fields": one.fields,
                "saved_at": one.saved_at.isoformat(),
            }
            for one in drafts
        ]
    ).encode()


def _fitting(drafts: Sequence[Draft]) -> list[Draft]:
    """Return as many of the newest as are kept."""
    kept = list(drafts[:MAX_DRAFTS])
    while len(_packed(kept)) > MAX_BYTES:
        kept.pop()
    return kept


def _key_of(user: User) -> bytes:
    return unwrap(make_data_keys([user.uid])[user.uid])


def _context(user: User) -> bytes:
    return b"report-draft:" + user.uid.bytes
