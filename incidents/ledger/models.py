"""Streams, entries, disclosures and the keys that encrypt them: the record's tables."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class DataKey(models.Model):
    """One AES-256 key of a stream or of a person, wrapped by the key-encryption key.

    Destroying the row makes every disclosure under it unreadable for ever.
    """

    id = models.BigAutoField(primary_key=True)
    owner = models.UUIDField(
        unique=True, help_text="the stream's id or the person's uid"
    )
    wrapped = models.BinaryField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_data_key"

    def __str__(self) -> str:
        return f"data key of {self.owner}"


class Stream(models.Model):
    """One audience's gap-free, hash-chained sequence of entries."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    last_seq = models.BigIntegerField(default=0)
    last_hash = models.BinaryField(default=bytes(32))
    key = models.ForeignKey(DataKey, on_delete=models.PROTECT, related_name="+")

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_stream"

    def __str__(self) -> str:
        return str(self.id)


class LeafHash(models.Func):
    """PostgreSQL's own RFC 6962 leaf hash, a check on ours that we did not write."""

    template = "sha256('\\x00'::bytea || %(expressions)s)"
    output_field = models.BinaryField()


class Entry(models.Model):
    """One recorded step: the exact leaf bytes, never changed and never deleted.

    `kind` and `at` repeat what the leaf says, for queries. The runtime role may only
    INSERT and SELECT here; triggers refuse the rest even to the owner.
    """

    id = models.BigAutoField(primary_key=True)
    stream = models.ForeignKey(Stream, on_delete=models.PROTECT, related_name="entries")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    source_event = models.UUIDField(
        help_text="the event that this entry records; one event, one entry a stream"
    )
    leaf = models.BinaryField()
    leaf_hash = models.GeneratedField(
        expression=LeafHash("leaf"), output_field=models.BinaryField(), db_persist=True
    )

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_entry"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["stream", "seq"], name="entry_stream_seq"),
            models.UniqueConstraint(
                fields=["stream", "source_event"], name="entry_stream_source_event"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream_id}/{self.seq} {self.kind}"


class Disclosure(models.Model):
    """A salted value behind one digest of a leaf, encrypted (AES-256-GCM)."""

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(
        Entry, on_delete=models.PROTECT, related_name="disclosures"
    )
    name = models.CharField(max_length=32)
    key = models.ForeignKey(DataKey, on_delete=models.PROTECT, related_name="+")
    body = models.BinaryField(help_text="12-byte nonce, then ciphertext and tag")

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_disclosure"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["entry", "name"], name="disclosure_entry_name"
            )
        ]

    def __str__(self) -> str:
        return f"{self.entry_id}.{self.name}"


class Erased(models.Model):
    """A disclosure that is no more, and the entry of the same stream that says so.

    Only `tocsin_erase()` writes here. A disclosure without such a row cannot be deleted.
    """

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="erased")
    name = models.CharField(max_length=32)
    decision = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_erased"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "name"], name="erased_once")
        ]

    def __str__(self) -> str:
        return f"{self.entry_id}.{self.name} by {self.decision_id}"
