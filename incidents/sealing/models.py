"""The sealed log: its leaves in their order, their tree in tiles, its signed heads."""

from typing import ClassVar

from django.db import models


class SealedLeaf(models.Model):
    """Gives an entry its place in the log, for ever. Only ever added to."""

    idx = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(
        "incidents.Entry", on_delete=models.PROTECT, related_name="sealed"
    )
    leaf_hash = models.BinaryField()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_leaf"

    def __str__(self) -> str:
        return f"leaf {self.idx}"


class Tile(models.Model):
    """Up to 256 hashes of one level of the tree; the newest of a level grows."""

    pk = models.CompositePrimaryKey("level", "n")
    level = models.SmallIntegerField()
    n = models.BigIntegerField()
    hashes = models.BinaryField(help_text="32 bytes each, from the left")

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_tile"

    def __str__(self) -> str:
        return f"tile {self.level}/{self.n}"


class Checkpoint(models.Model):
    """The log's head after one batch. The signature comes after the commit, once."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField(blank=True, help_text="signed; empty until the signer did")
    sealed_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_checkpoint"

    def __str__(self) -> str:
        return f"checkpoint at {self.size}"


class Which(models.TextChoices):
    """Which of the cosigned notes of one size: both bound the time of entries."""

    FIRST = "first", "the first"
    LAST = "last", "the newest heartbeat"


class Cosigned(models.Model):
    """A checkpoint with the lines of witnesses. A heartbeat replaces the last one."""

    pk = models.CompositePrimaryKey("size", "which")
    size = models.BigIntegerField()
    which = models.CharField(max_length=5, choices=Which)
    note = models.TextField()
    quorum_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_cosigned"

    def __str__(self) -> str:
        return f"{self.which} cosigned checkpoint at {self.size}"


class EndedLog(models.Model):
    """A name and key under which the log was signed, until its key could not be trusted.

    The entries go on in the same tree under another name; heads of sizes above
    `sealed_size` are signed under that one. Only ever added to.
    """

    number = models.SmallIntegerField(primary_key=True, help_text="from 1")
    origin = models.CharField(max_length=200, unique=True)
    vkeys = models.TextField(help_text="the keys that signed it last, a line each")
    size = models.BigIntegerField(help_text="that of its last head that is vouched for")
    note = models.TextField(help_text="that head, with the lines below it")
    is_cosigned = models.BooleanField(help_text="whether a quorum had seen that head")
    sealed_size = models.BigIntegerField(help_text="how far it was sealed")
    ended_at = models.DateTimeField()
    ended_by = models.CharField(max_length=200)
    reason = models.CharField(max_length=500)
    successor = models.CharField(max_length=200, unique=True)
    entry = models.OneToOneField(
        "incidents.Entry", on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_ended_log"
        ordering: ClassVar = ["number"]

    def __str__(self) -> str:
        return f"{self.origin}, continued as {self.successor}"


class SealerState(models.Model):
    """The one row of what the sealer must remember, and of what stopped it."""

    ONLY: ClassVar[int] = 1

    id = models.SmallIntegerField(primary_key=True, default=ONLY)
    to_sign = models.BigIntegerField(
        default=0,
        help_text="the size that the signer is asked for, noted before it is asked",
    )
    refused_why = models.TextField(
        blank=True, help_text="what the signer last refused with"
    )
    broken_entry = models.ForeignKey(
        "incidents.Entry", null=True, on_delete=models.PROTECT, related_name="+"
    )
    broken_why = models.TextField(blank=True)
    broken_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    known_keys = models.JSONField(
        default=list, help_text="the keys that signed last, as the log's entries say"
    )

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_sealer"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="sealer_one_row")
        ]

    def __str__(self) -> str:
        return f"sealer, signing {self.to_sign}"
