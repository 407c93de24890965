"""Escalation policies and their versions. What one says stays; a run keeps its own."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class VersionState(models.TextChoices):
    """What became of a version; incidents take the newest that is approved."""

    PROPOSED = "proposed", "Waits for a second person"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


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


class PolicyVersionQuerySet(models.QuerySet["PolicyVersion"]):
    """Look-ups of versions."""

    def approved(self) -> "PolicyVersionQuerySet":
        """Return those that incidents may take, oldest first."""
        return self.filter(state=VersionState.APPROVED).order_by("policy_id", "number")

    def proposed(self) -> "PolicyVersionQuerySet":
        """Return those that wait for a second person."""
        return self.filter(state=VersionState.PROPOSED)


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
    reason = models.CharField(
        max_length=500, blank=True, help_text="why it was made, in its author's words"
    )
    state = models.CharField(
        max_length=10, choices=VersionState, default=VersionState.APPROVED
    )
    decided_by = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=500, blank=True)

    objects = PolicyVersionQuerySet.as_manager()

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_policy_version"
        ordering: ClassVar = ["policy", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["policy", "number"], name="policy_version_once"
            ),
            models.UniqueConstraint(
                fields=["policy"],
                condition=models.Q(state=VersionState.PROPOSED),
                name="policy_version_one_proposed",
            ),
            # Whoever wrote a version does not decide on it; to take it back is theirs.
            models.CheckConstraint(
                condition=models.Q(decided_by=None)
                | models.Q(made_by=None)
                | models.Q(state=VersionState.WITHDRAWN)
                | ~models.Q(decided_by=models.F("made_by")),
                name="policy_version_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.policy} v{self.number}"


class SecondPersonRule(models.Model):
    """That a second person approves each version: of one policy, or of all (no policy).

    While the row is there the rule holds. It ends as it works, by two people: the first
    asks (`end_asked_by`), another confirms.
    """

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    policy = models.ForeignKey(
        Policy, null=True, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField(db_default=Now())
    end_asked_by = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    end_asked_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_second_person_rule"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "policy"],
                nulls_distinct=False,
                name="second_person_rule_once",
            )
        ]

    def __str__(self) -> str:
        return f"second person for {self.policy or self.organisation}"
