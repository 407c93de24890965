"""What the audits of the record came to. The proof is the log; this is a note of it."""

from typing import ClassVar

from django.db import models


class Audit(models.Model):
    """One audit that has ended: how far it read, and everything that does not fit."""

    id = models.BigAutoField(primary_key=True)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    size = models.BigIntegerField(help_text="how many entries were computed anew")
    root = models.BinaryField(help_text="what their tree came to; empty if to nothing")
    against = models.CharField(
        max_length=10, help_text="whose head it was held against"
    )
    files = models.BigIntegerField(
        default=0, help_text="how many files of incidents were hashed anew"
    )
    files_of = models.BigIntegerField(default=0, help_text="of how many")
    findings = models.JSONField(
        default=list, help_text="a list of {entry (may be missing), why}"
    )

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_audit"
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"audit of {self.size} entries"

    @property
    def is_intact(self) -> bool:
        """Whether everything fitted."""
        return not self.findings
