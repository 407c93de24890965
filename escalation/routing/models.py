"""Routes: which policy an incident gets, and with which agencies it is shared."""

from typing import ClassVar

from django.db import models


class Route(models.Model):
    """One ordered rule of an organisation. The first that matches wins; one is the default."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="routes"
    )
    position = models.SmallIntegerField()
    name = models.CharField(max_length=200)
    matchers = models.JSONField(
        default=list, help_text="read by routing.rules.parse_matchers"
    )
    is_default = models.BooleanField(default=False)
    policy = models.ForeignKey(
        "escalation.Policy", null=True, on_delete=models.PROTECT, related_name="routes"
    )
    share_with = models.ManyToManyField(
        "incidents.Organisation", related_name="+", db_table="tocsin_route_share"
    )

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_route"
        ordering: ClassVar = ["organisation", "is_default", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "position"],
                name="route_position_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(
                fields=["organisation"],
                condition=models.Q(is_default=True),
                name="route_one_default",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.name}"
