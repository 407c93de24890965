"""Escalation policies and their versions. A version never changes; a run keeps its own."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Policy(models.Model):
    """One organisation's escalation path, by name."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="policies"
    )
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=200)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_policy"
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "slug"], name="policy_organisation_slug"
            )
        ]

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """What a policy says since a moment. `body` is read by `policies.steps.parse_policy`."""

    id = models.BigAutoField(primary_key=True)
    policy = models.ForeignKey(
        Policy, on_delete=models.PROTECT, related_name="versions"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    number = models.IntegerField()
    body = models.JSONField()
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_policy_version"
        ordering: ClassVar = ["policy", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["policy", "number"], name="policy_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.policy} v{self.number}"
