"""Working calendars: the hours in which an organisation's desk works."""

from typing import ClassVar

from django.db import models


class WorkingCalendar(models.Model):
    """One organisation's working hours, by name. Read by `calendars.reading`.

    A calendar that is archived cannot be chosen any more; what names it goes on.
    """

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="calendars"
    )
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=200)
    zone = models.CharField(max_length=64)
    hours = models.JSONField()
    holidays_of = models.CharField(max_length=12, blank=True, default="")
    closures = models.JSONField(default=list)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_working_calendar"
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "slug"], name="calendar_organisation_slug"
            )
        ]

    def __str__(self) -> str:
        return self.name
