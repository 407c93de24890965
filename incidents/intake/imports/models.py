"""Which incident of another tool became which of ours, so that none comes in twice."""

from typing import ClassVar

from django.db import models


class ImportedIncident(models.Model):
    """One row of a file that is in. Written in the transaction of its incident."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    import_name = models.CharField(
        max_length=100, help_text="chosen by who imports: one for each tool left behind"
    )
    external_id = models.CharField(max_length=200, help_text="the other tool's own")
    incident = models.ForeignKey(
        "incidents.Incident", null=True, on_delete=models.PROTECT, related_name="+"
    )
    imported_at = models.DateTimeField()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_imported_incident"
        constraints: ClassVar = [
            # A second run finds here what is in; two runs at once wait for each other.
            models.UniqueConstraint(
                fields=["organisation", "import_name", "external_id"],
                name="imported_incident_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.import_name} {self.external_id}"
