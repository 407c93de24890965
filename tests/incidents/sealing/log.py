"""A log to play with: entries that wait for the sealer, and a signer in this process."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import transaction

from incidents.events.pending import SEALER
from incidents.ledger.append import Draft, append, make_streams
from incidents.ledger.checkpoint import Checkpoint
from incidents.ledger.merkle import EMPTY_ROOT, verify_consistency
from incidents.ledger.note import sign_text
from incidents.ledger.vkey import KeyType, SigningKey, signing_key
from incidents.models import Organisation, Pending, Stream
from incidents.sealing.signing import Signer
from tests.conftest import Database
from tests.factories import NOW, lab

ORIGIN = "log.example/test"


def record_entries(
    *streams: Stream, count: int = 1, kind: str = "incident.commented"
) -> list[int]:
    """Append entries to the streams in turn and have them wait for the sealer."""
    owner = Organisation.objects.first() or lab()
    chosen = streams or tuple(make_streams(1))
    drafts = [
        Draft(stream.pk, kind, NOW, uuid.uuid4(), {"text": f"word {number}"})
        for number in range(count)
        for stream in chosen
    ]
    with transaction.atomic():
        ids = append(drafts)
        Pending.objects.bulk_create(
            [
                Pending(consumer=SEALER, entry_id=pk, kind=kind, organisation=owner)
                for pk in ids
            ]
        )
    return ids


@dataclass
class LocalSigner:
    """Signs as the real one does: nothing that does not extend what it last signed."""

    key: SigningKey = field(
        default_factory=lambda: signing_key(ORIGIN, KeyType.LOG, bytes(range(32)))
    )
    size: int = 0
    root: bytes = EMPTY_ROOT
    asked: list[int] = field(default_factory=list)

    def sign(
        self, old: int, proof: Sequence[bytes], size: int, root: bytes
    ) -> tuple[str, ...]:
        self.asked.append(size)
        if (size, root) != (self.size, self.root):
            extends = verify_consistency(old, size, self.root, root, proof)
            if old != self.size or not extends:
                raise Refused(f"{size} does not extend {self.size}")
            self.size, self.root = size, root
        text = Checkpoint(self.key.public.name, size, root).text
        return (sign_text(text, self.key).line(),)

    def as_signer(self, **more: Any) -> Signer:
        return Signer(
            self.key.public.name, (self.key.public,), more.get("sign", self.sign)
        )


class Refused(Exception):
    """What was asked for does not extend the log."""


@contextmanager
def tampering(database: Database, table: str) -> Iterator[psycopg.Connection[Any]]:
    """Give the owner's hands, past the triggers of a table."""
    with psycopg.connect(database.owner_url) as owner:
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield owner
