"""Incidents, with whom they are shared, who acknowledged them, and their attachments."""

import uuid
from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse

from incidents.incident.severity import SEVERITIES
from incidents.incident.taxonomy import CATEGORIES
from incidents.incident.tlp import Tlp
from incidents.organisations.models import User

CATEGORY_CHOICES = [(category.code, category.name) for category in CATEGORIES]


class Status(models.TextChoices):
    """Where the owner stands with an incident."""

    OPEN = "open", "Open"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    RESOLVED = "resolved", "Resolved"
    MERGED = "merged", "Merged"


CLOSED = (Status.RESOLVED, Status.MERGED)


class IncidentQuerySet(models.QuerySet["Incident"]):
    """Filters of incidents; `visible_to` is the only way in for a person."""

    def visible_to(self, user: User) -> "IncidentQuerySet":
        """Keep what the user's organisations own, and what is shared with their agencies."""
        if not user.is_active:
            return self.none()
        mine = user.memberships.filter(
            ended_at=None, organisation__kind__in=["lab", "agency"]
        ).values("organisation_id")
        shared = Share.objects.filter(agency__in=mine, unshared_at=None).values(
            "incident_id"
        )
        return self.filter(models.Q(organisation__in=mine) | models.Q(pk__in=shared))

    def active(self) -> "IncidentQuerySet":
        """Keep what is neither resolved nor merged."""
        return self.exclude(status__in=CLOSED)

    def held(self) -> "IncidentQuerySet":
        """Keep those of which the owner must keep everything, by a legal hold."""
        own = models.Q(holds__organisation=models.F("organisation"))
        return self.filter(own, holds__released_at=None)


class Incident(models.Model):
    """Something that happened at a lab and that somebody must deal with.

    Whoever changes it, its run, timers, alerts or acknowledgements first locks this row
    FOR NO KEY UPDATE (`lifecycle.lock_incidents`), ids ascending.
    """

    id = models.BigAutoField(primary_key=True)
    ref = models.CharField(max_length=14, unique=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="incidents"
    )
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    category = models.CharField(max_length=3, choices=CATEGORY_CHOICES)
    severity = models.SmallIntegerField(
        choices=[(level.level, f"{level.level} {level.name}") for level in SEVERITIES]
    )
    tlp = models.CharField(
        max_length=12,
        choices=[(t.value, t.label) for t in Tlp],
        default=Tlp.AMBER_STRICT.value,
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.OPEN)
    is_danger = models.BooleanField(
        null=True, help_text="is anyone in danger: yes, no, or not yet known"
    )
    facts = models.JSONField(
        default=dict, help_text="facets of the taxonomy and free facts"
    )
    occurred_at = models.DateTimeField(null=True, blank=True)
    detected_at = models.DateTimeField(null=True, blank=True)
    aware_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, help_text="the owner's first")
    resolved_at = models.DateTimeField(null=True)
    reported_by = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT)
    source = models.ForeignKey("incidents.Source", null=True, on_delete=models.PROTECT)
    group_key = models.CharField(
        max_length=64, blank=True, help_text="sha256 of the tool's group"
    )
    labels = models.JSONField(
        default=dict, help_text="labels that all its alerts share"
    )
    alert_count = models.IntegerField(default=0)
    open_alert_count = models.IntegerField(default=0)
    all_clear_at = models.DateTimeField(
        null=True, help_text="when its last alert cleared"
    )
    last_alert_at = models.DateTimeField(
        null=True, help_text="when the last alert that joined it was received"
    )
    flapping_since = models.DateTimeField(
        null=True, help_text="while its alerts come and go too often"
    )
    is_touched = models.BooleanField(
        default=False,
        help_text="a person filed, acknowledged, commented, shared or raised it",
    )
    reopened_count = models.SmallIntegerField(default=0)
    search = models.GeneratedField(
        expression=SearchVector("ref", "title", "description", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = IncidentQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_incident"
        ordering: ClassVar = ["-opened_at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(severity__gte=0, severity__lte=5),
                name="incident_severity_range",
            ),
            # Two workers that open the same group's incident at once: one wins, one joins.
            models.UniqueConstraint(
                fields=["source", "group_key"],
                condition=models.Q(source__isnull=False)
                & ~models.Q(status__in=["resolved", "merged"]),
                name="incident_open_group",
            ),
        ]
        indexes: ClassVar = [
            GinIndex(fields=["search"], name="incident_search"),
            # Serves the lists: one owner's incidents, newest first.
            models.Index(
                fields=["organisation", "-opened_at", "-id"],
                name="incident_owner_opened",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def get_absolute_url(self) -> str:
        """Return the path of its page."""
        return reverse("incident-detail", args=[self.ref])

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is paged for it."""
        return self.status in CLOSED

    @property
    def is_all_clear(self) -> bool:
        """Whether it came from alerts that have all cleared."""
        return self.all_clear_at is not None


class Share(models.Model):
    """An incident made visible to one agency, with what was chosen to be shown at that moment."""

    id = models.BigAutoField(primary_key=True)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="shares"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the owner",
    )
    agency = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="shares_received",
    )
    shared_at = models.DateTimeField()
    shared_by = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(
        max_length=300, help_text="matched route 3 …, or what the person gave"
    )
    unshared_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_share"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "agency"],
                condition=models.Q(unshared_at=None),
                name="share_active_once",
            )
        ]
        indexes: ClassVar = [
            # Serves visible_to: what is shared with an agency now.
            models.Index(
                fields=["agency", "incident"],
                condition=models.Q(unshared_at=None),
                name="share_agency_active",
            )
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} with {self.agency_id}"


class AcknowledgedVia(models.TextChoices):
    """How an acknowledgement reached us."""

    PAGE = "page", "on the page"
    API = "api", "through the API"
    LINK = "link", "by link"
    SMS = "sms", "by text message"
    VOICE = "voice", "by phone call"
    SLACK = "slack", "in Slack"


class AcknowledgementQuerySet(models.QuerySet["Acknowledgement"]):
    """Acknowledgements of one person."""

    def by(self, person: User | models.OuterRef) -> "AcknowledgementQuerySet":
        """Return those that the person gave, signed in or by a link sent to them."""
        return self.filter(models.Q(user=person) | models.Q(link_user=person))


class Acknowledgement(models.Model):
    """One person's word, for an organisation, that somebody there has it.

    An organisation may have several. Whether its run pauses is for its policy to say.
    """

    id = models.BigAutoField(primary_key=True)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="acknowledgements"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    user = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    link_user = models.ForeignKey(
        "incidents.User",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="to whom the link was sent that was used without signing in",
    )
    via = models.CharField(max_length=5, choices=AcknowledgedVia)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(
        null=True, help_text="timed out, or the incident reopened"
    )
    event = models.UUIDField(
        null=True, help_text="the event that recorded it, whose entries can be signed"
    )
    signed_at = models.DateTimeField(null=True)
    signed_by_key = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="fingerprint of the person's key",
    )

    objects = AcknowledgementQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_acknowledgement"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "organisation", "user", "link_user"],
                condition=models.Q(ended_at=None),
                nulls_distinct=False,
                name="acknowledgement_active_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} acknowledged {self.incident_id}"

    @property
    def person_id(self) -> int | None:
        """Whose word it counts as; None for that of a desk."""
        return self.user_id or self.link_user_id


class Attachment(models.Model):
    """A file of an incident. The bytes lie under the data folder by `stored_as`."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="attachments"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="who attached it",
    )
    is_shared = models.BooleanField(
        default=False,
        help_text="shown to the agencies that the incident is shared with",
    )
    filename = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100, help_text="sniffed from the bytes")
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=100)
    uploaded_by = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_attachment"
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.filename


class IdempotencyKey(models.Model):
    """A caller's promise that two requests are one; written in the transaction of what it asks."""

    id = models.BigAutoField(primary_key=True)
    caller = models.CharField(max_length=40, help_text="user:<id> or token:<id>")
    endpoint = models.CharField(max_length=200, help_text="method and path")
    key = models.CharField(max_length=255)
    body_sha256 = models.BinaryField()
    incident = models.ForeignKey(Incident, null=True, on_delete=models.PROTECT)
    result_id = models.BigIntegerField(
        null=True,
        help_text="of what another endpoint made or changed, in its own table",
    )
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_idempotency_key"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["caller", "endpoint", "key"], name="idempotency_key_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.caller} {self.endpoint}"


class ReportDraft(models.Model):
    """What a person has typed into the form of a report and not yet filed."""

    user = models.OneToOneField(
        "incidents.User", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    fields_sealed = models.BinaryField(help_text="encrypted under the person's key")
    saved_at = models.DateTimeField()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_report_draft"

    def __str__(self) -> str:
        return f"draft of {self.user_id}"
