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

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_tick"

    def __str__(self) -> str:
        return f"{self.consumer} at {self.ran_at:%Y-%m-%d %H:%M:%S}"
