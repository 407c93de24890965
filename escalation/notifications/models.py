"""Contact methods, the outbox, and each attempt to deliver from it."""

import uuid
from typing import ClassVar

from django.db import models

from escalation.notifications.rules import DIGEST_AFTER, DIGEST_MINUTES
from incidents.models import Membership


def still_belongs(person: str) -> models.Exists:
    """Say in SQL whether the person of that column has a role in `organisation`."""
    roles = Membership.objects.filter(
        organisation=models.OuterRef("organisation"),
        user=models.OuterRef(person),
        user__is_active=True,
        ended_at=None,
    )
    return models.Exists(roles)


class ContactMethodQuerySet(models.QuerySet["ContactMethod"]):
    """Filters of contact methods."""

    def usable(self) -> "ContactMethodQuerySet":
        """Keep what is verified, enabled, and of a desk or of somebody who is still there."""
        rows = self.filter(verified_at__isnull=False, disabled_at=None)
        return rows.filter(models.Q(user=None) | still_belongs("user"))


class ContactMethod(models.Model):
    """One verified way to reach a person, or an organisation's desk (`user` is null)."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="contact_methods",
    )
    user = models.ForeignKey(
        "incidents.User",
        null=True,
        on_delete=models.PROTECT,
        related_name="contact_methods",
    )
    slug = models.SlugField(max_length=60, help_text="its name in a policy or a file")
    channel = models.CharField(
        max_length=20, help_text="a key of channels.registry.CHANNELS"
    )
    address = models.CharField(max_length=500)
    secret_sealed = models.BinaryField(
        null=True,
        help_text="encrypted: a webhook's signing secret, or the whole address",
    )
    verified_at = models.DateTimeField(null=True)
    verification_digest = models.BinaryField(
        null=True, help_text="sha256 of the code that was sent"
    )
    verification_sent_at = models.DateTimeField(null=True)
    verification_count = models.SmallIntegerField(
        default=0, help_text="codes sent so far"
    )
    verification_tries = models.SmallIntegerField(
        default=0, help_text="wrong codes given"
    )
    disabled_at = models.DateTimeField(
        null=True, help_text="removed, or the receiver said gone"
    )

    objects = ContactMethodQuerySet.as_manager()

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_contact_method"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "user", "slug"],
                nulls_distinct=False,
                name="contact_method_slug",
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.slug}"


class NotificationRules(models.Model):
    """How one person wants to be paged for one organisation; without a row: at once."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    user = models.ForeignKey(
        "incidents.User", on_delete=models.PROTECT, related_name="notification_rules"
    )
    normal = models.JSONField(
        default=list, help_text="{method, after_minutes} in the order of their delays"
    )
    urgent = models.JSONField(default=list, help_text="the same for urgent pages")
    zone = models.CharField(max_length=64, default="UTC")
    quiet = models.JSONField(
        null=True, help_text="{from, to, days} in which normal pages wait"
    )
    digest_after = models.SmallIntegerField(
        default=DIGEST_AFTER, help_text="further pages are gathered; 0: never"
    )
    digest_minutes = models.SmallIntegerField(
        default=DIGEST_MINUTES, help_text="the time in which they are counted"
    )

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_notification_rules"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "user"], name="notification_rules_person"
            )
        ]

    def __str__(self) -> str:
        return f"notification rules of {self.user_id}"


class NotificationStatus(models.TextChoices):
    """Where an outbox row stands. `sent` is: accepted by the provider."""

    QUEUED = "queued", "Queued"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Delivered to the provider"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Outcome unknown"
    CANCELLED = "cancelled", "Cancelled"
    MERGED = "merged", "Delivered in a digest"


class Notification(models.Model):
    """One message to one address: the outbox row. `dedup_key` makes it unique for ever."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(
        default=uuid.uuid4, unique=True, help_text="Message-ID, webhook-id"
    )
    dedup_key = models.CharField(max_length=200, unique=True)
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="in whose name it is sent; only it sees the row",
    )
    incident = models.ForeignKey(
        "incidents.Incident",
        null=True,
        on_delete=models.PROTECT,
        related_name="notifications",
    )
    run = models.ForeignKey(
        "escalation.Run",
        null=True,
        on_delete=models.PROTECT,
        related_name="notifications",
    )
    step_index = models.SmallIntegerField(null=True)
    round = models.SmallIntegerField(null=True)
    purpose = models.CharField(
        max_length=20, help_text="a key of retry.LIFETIMES: page, question …"
    )
    method = models.ForeignKey(
        ContactMethod, null=True, on_delete=models.PROTECT, related_name="notifications"
    )
    recipient_user = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    recipient_name = models.CharField(max_length=200, blank=True)
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=500)
    destination = models.CharField(
        max_length=300,
        db_default="",
        help_text="the machine or provider that it is handed to",
    )
    message = models.JSONField(
        help_text="subject, text, url, data: what render.py made"
    )
    message_sha256 = models.CharField(max_length=64)
    status = models.CharField(
        max_length=10, choices=NotificationStatus, default=NotificationStatus.QUEUED
    )
    queued_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(help_text="due for a sender from here on")
    expires_at = models.DateTimeField(help_text="retries end here")
    attempts = models.SmallIntegerField(default=0)
    first_attempt_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    severity = models.SmallIntegerField(
        null=True, help_text="its incident's when it was made; a digest's highest"
    )
    is_urgent = models.BooleanField(
        default=False, db_default=False, help_text="its step said so"
    )
    digest = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="gathered",
        db_index=False,
        help_text="the digest that it waits for or went with",
    )

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_notification"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["method"],
                condition=models.Q(purpose="digest", status="queued", attempts=0),
                name="notification_open_digest",
            )
        ]
        indexes: ClassVar = [
            # Serves a digest that leaves: the pages that it takes along.
            models.Index(
                fields=["digest"],
                condition=models.Q(digest__isnull=False),
                name="notification_digest",
            ),
            # Serves the count of what went to an address of late.
            models.Index(
                fields=["method", "sent_at"],
                condition=models.Q(status="sent"),
                name="notification_sent_to",
            ),
            # Serves the sender's claim: the lanes in which rows wait, and each lane's
            # oldest due rows.
            models.Index(
                fields=["organisation", "destination", "next_attempt_at", "id"],
                condition=models.Q(status__in=["queued", "sending", "unknown"]),
                name="notification_lane",
            ),
            # Serves the same: how many of each lane are under way.
            models.Index(
                fields=["organisation", "destination"],
                condition=models.Q(status="sending"),
                name="notification_under_way",
            ),
            models.Index(
                fields=["incident", "organisation", "id"], name="notification_incident"
            ),
            models.Index(
                fields=["run", "step_index", "round"], name="notification_step"
            ),
        ]

    def __str__(self) -> str:
        return self.dedup_key


class Pace(models.Model):
    """How long a destination took of late to answer an organisation's messages."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    destination = models.CharField(max_length=300)
    answer_ms = models.IntegerField(help_text="a mean in which the newest counts half")

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_pace"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "destination"], name="pace_destination"
            )
        ]

    def __str__(self) -> str:
        return f"{self.destination}: {self.answer_ms} ms"


class Circuit(models.Model):
    """A provider that fails, so that nothing or one probe at a time is handed to it.

    `organisation` is null for a provider that all share; one that works has no row.
    """

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", null=True, on_delete=models.PROTECT, related_name="+"
    )
    destination = models.CharField(max_length=300)
    failures = models.IntegerField(default=0, help_text="in a row")
    failed_since = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True, help_text="then a probe goes")
    openings = models.SmallIntegerField(default=0)
    probe_until = models.DateTimeField(null=True, help_text="a probe is under way")

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_circuit"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "destination"],
                nulls_distinct=False,
                name="circuit_destination",
            )
        ]

    def __str__(self) -> str:
        return f"{self.destination}: {self.failures} failures"


class Purse(models.Model):
    """What was sent to a limited address or provider: until when it is paid for."""

    name = models.CharField(
        primary_key=True,
        max_length=340,
        help_text="method:<id>, provider:<channel>, provider:<organisation>:<host>",
    )
    paid_until = models.DateTimeField()
    booked_until = models.DateTimeField(help_text="the last instant given away")

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_purse"

    def __str__(self) -> str:
        return self.name


class Attempt(models.Model):
    """One try to send a notification, with what the provider answered."""

    id = models.BigAutoField(primary_key=True)
    notification = models.ForeignKey(
        Notification, on_delete=models.PROTECT, related_name="attempt_rows"
    )
    number = models.SmallIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    outcome = models.CharField(
        max_length=10, help_text="sent, retryable, permanent, unknown"
    )
    detail = models.CharField(max_length=500, blank=True)
    provider_id = models.CharField(
        max_length=200,
        blank=True,
        db_default="",
        help_text="the provider's own name of the message",
    )

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_attempt"
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.outcome}"
