"""Due rows: everything that must happen at an instant is a row here, never a message."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Timer(models.Model):
    """Something that is due at an instant; the handler registered for `kind` does it.

    The row is deleted in the transaction that does its work, so it happens once.
    """

    id = models.BigAutoField(primary_key=True)
    due_at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField(
        help_text="the run, clock or delivery meant by kind"
    )
    incident = models.ForeignKey(
        "incidents.Incident", null=True, on_delete=models.PROTECT
    )
    organisation = models.ForeignKey("incidents.Organisation", on_delete=models.PROTECT)
    payload = models.JSONField(default=dict)
    attempts = models.SmallIntegerField(default=0, help_text="times its handler raised")
    last_error = models.CharField(max_length=500, blank=True)
    original_due_at = models.DateTimeField(
        null=True,
        help_text="set when pushed back after an error; lateness counts from here",
    )
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_timer"
        indexes: ClassVar = [
            # Serves the tick: what is due, oldest first.
            models.Index(fields=["due_at", "id"], name="timer_due"),
            # Serves cancelling and re-arming a subject's timers.
            models.Index(fields=["kind", "subject_id"], name="timer_subject"),
            # Serves the count of what is late although it is due again only later.
            models.Index(
                fields=["original_due_at"],
                condition=models.Q(original_due_at__isnull=False),
                name="timer_pushed_back",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id} due {self.due_at:%Y-%m-%d %H:%M:%S}"


class TestClock(models.Model):
    """How far tests have moved time, for all processes; read only under TOCSIN_TEST_CLOCK."""

    __test__ = False  # pytest must not collect it

    seconds = models.FloatField(default=0)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_test_clock"

    def __str__(self) -> str:
        return f"{self.seconds} s ahead"


class Tick(models.Model):
    """When each consumer last ran to its end; what watches the loop reads this."""

    consumer = models.CharField(max_length=20, primary_key=True)
    ran_at = models.DateTimeField()
    late_ms = models.BigIntegerField(
        default=0, help_text="the worst lateness of its last batch"
    )
    late_at = models.DateTimeField(null=True, help_text="when that batch was done")

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_tick"

    def __str__(self) -> str:
        return f"{self.consumer} at {self.ran_at:%Y-%m-%d %H:%M:%S}"


class Span(models.TextChoices):
    """How long a time one row of latenesses covers."""

    MINUTE = "minute", "a minute"
    HOUR = "hour", "an hour"
    DAY = "day", "a day, in UTC"


class Lateness(models.Model):
    """How many things of a sort went how late in a while: one bucket of a histogram."""

    id = models.BigAutoField(primary_key=True)
    what = models.CharField(max_length=40, help_text="a kind of timer, or message")
    span = models.CharField(max_length=6, choices=Span)
    began_at = models.DateTimeField()
    bucket = models.SmallIntegerField(help_text="its place in histogram.BOUNDS_MS")
    count = models.BigIntegerField()
    total_ms = models.BigIntegerField()
    max_ms = models.BigIntegerField()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_lateness"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["what", "span", "began_at", "bucket"], name="lateness_once"
            )
        ]
        indexes: ClassVar = [
            # Serves the status page: everything since an instant.
            models.Index(fields=["began_at"], name="lateness_began")
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.began_at:%Y-%m-%d %H:%M} bucket {self.bucket}"
