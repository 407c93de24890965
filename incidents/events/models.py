"""Which stream belongs to which audience, what waits for a consumer, who read what."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Purpose(models.TextChoices):
    """Why a stream exists."""

    PRIVATE = "private", "one organisation's own view of an incident"
    PAIR = "pair", "what an owner and one agency both see of an incident"
    ACCESS = "access", "who opened what, for one organisation's readers"
    CONFIG = "config", "changes of one organisation's configuration"


class AudienceStream(models.Model):
    """Gives a stream its audience: an organisation alone, or an owner and one agency."""

    stream = models.OneToOneField(
        "incidents.Stream",
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="audience",
    )
    purpose = models.CharField(max_length=8, choices=Purpose)
    incident = models.ForeignKey(
        "incidents.Incident",
        null=True,
        on_delete=models.PROTECT,
        related_name="streams",
    )
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    agency = models.ForeignKey(
        "incidents.Organisation",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the other side of a pair stream",
    )
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(
        null=True, help_text="unshared: no new entries, no new reads"
    )

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_audience_stream"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["purpose", "incident", "organisation", "agency"],
                nulls_distinct=False,
                name="audience_stream_once",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    purpose="pair", agency__isnull=False, incident__isnull=False
                )
                | (~models.Q(purpose="pair") & models.Q(agency=None)),
                name="audience_stream_pair_has_agency",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} stream {self.stream_id}"


class Pending(models.Model):
    """An entry that a consumer has not looked at yet. Deleting it is part of the effect."""

    id = models.BigAutoField(primary_key=True)
    consumer = models.CharField(max_length=20)
    entry = models.ForeignKey(
        "incidents.Entry", on_delete=models.PROTECT, related_name="pending"
    )
    kind = models.CharField(max_length=40)
    incident = models.ForeignKey(
        "incidents.Incident", null=True, on_delete=models.PROTECT
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        null=True,
        on_delete=models.PROTECT,
        help_text="nobody's for the log's own entries, which only the sealer takes",
    )
    agency = models.ForeignKey(
        "incidents.Organisation", null=True, on_delete=models.PROTECT, related_name="+"
    )
    since = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_pending"
        # Serves the claim: the oldest rows of one consumer.
        indexes: ClassVar = [
            models.Index(fields=["consumer", "id"], name="pending_consumer_id")
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["consumer", "entry"], name="pending_once"),
            models.CheckConstraint(
                condition=models.Q(organisation__isnull=False)
                | models.Q(consumer="sealer"),
                name="pending_is_somebodys",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.consumer}"

    @property
    def actor_id(self) -> int:
        """The organisation that acted. Requires a row of another than the sealer."""
        if self.organisation_id is None:
            raise ValueError(f"{self} is nobody's")
        return self.organisation_id


class ReadMark(models.Model):
    """When a reader's opening of an object was last recorded (once in 15 minutes)."""

    id = models.BigAutoField(primary_key=True)
    reader = models.CharField(max_length=40, help_text="user:<id> or token:<id>")
    target = models.CharField(
        max_length=80, help_text="incident:<ref>, attachment:<id> …"
    )
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_read_mark"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reader", "target"], name="read_mark_once")
        ]

    def __str__(self) -> str:
        return f"{self.reader} read {self.target}"
