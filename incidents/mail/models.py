"""Addresses that take e-mail for an organisation, and each mail that came there."""

import uuid
from typing import ClassVar

from django.db import models
from django.urls import reverse

from incidents.incident.models import CATEGORY_CHOICES
from incidents.incident.severity import SEVERITY_CHOICES
from incidents.incident.tlp import DEFAULT_TLP, Tlp
from incidents.organisations.models import User
from incidents.organisations.roles import Action, organisations_allowing


class Mailbox(models.Model):
    """Where an organisation takes e-mail: an address with a secret in it."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.OneToOneField(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="mailbox"
    )
    is_open = models.BooleanField(default=True)
    default_category = models.CharField(
        max_length=3, choices=CATEGORY_CHOICES, default="AVL"
    )
    default_severity = models.SmallIntegerField(choices=SEVERITY_CHOICES, default=3)
    default_tlp = models.CharField(
        max_length=12,
        choices=[(t.value, t.label) for t in Tlp],
        default=DEFAULT_TLP.value,
    )
    token_digest = models.BinaryField(unique=True, help_text="sha256 of the token")
    token_sealed = models.BinaryField()
    old_token_digest = models.BinaryField(null=True, unique=True)
    old_token_ends_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_mailbox"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(default_severity__gte=0, default_severity__lte=5),
                name="mailbox_severity_range",
            ),
            models.CheckConstraint(
                condition=models.Q(old_token_digest=None, old_token_ends_at=None)
                | models.Q(
                    old_token_digest__isnull=False, old_token_ends_at__isnull=False
                ),
                name="mailbox_old_token_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"mailbox of {self.organisation_id}"


class MailState(models.TextChoices):
    """What became of a mail."""

    PENDING = "pending", "Not read yet"
    HELD = "held", "Held for review"
    REPORTED = "reported", "Became an incident"
    COMMENTED = "commented", "Became a comment"
    IGNORED = "ignored", "Not acted on"
    DISCARDED = "discarded", "Discarded"


# What a person may still decide on.
UNDECIDED = frozenset({MailState.HELD, MailState.IGNORED, MailState.DISCARDED})


class Proof(models.TextChoices):
    """What speaks for it that the sender sent the mail."""

    NONE = "none", "sender not proven"
    RELAY = "relay", "sender proven by the mail relay"
    REPLY = "reply", "sent to the reply address of this person"


class MailQuerySet(models.QuerySet["Mail"]):
    """Filters of mails; `visible_to` is the only way in for a person."""

    def visible_to(self, user: User) -> "MailQuerySet":
        """Keep the mails of the organisations for which the person decides on them."""
        decides = {
            *organisations_allowing(user, Action.MANAGE),
            *organisations_allowing(user, Action.TRIAGE),
        }
        return self.filter(organisation__in=decides)


class Mail(models.Model):
    """One mail as it came, and what became of it."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="mails"
    )
    received_at = models.DateTimeField()
    envelope_from = models.CharField(
        max_length=320, blank=True, help_text="empty: the null return path"
    )
    reply_incident_id = models.BigIntegerField(
        null=True, help_text="of the reply address that it came to"
    )
    reply_user_id = models.BigIntegerField(
        null=True, help_text="whom that reply address was made for"
    )
    reply_sent_to = models.BinaryField(
        null=True, help_text="digest of the address that it was sent to"
    )
    raw = models.BinaryField(null=True, help_text="null: its retention has ended")
    size_bytes = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=9, choices=MailState, default=MailState.PENDING)
    reason = models.CharField(max_length=300, blank=True)
    attempts = models.SmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    once = models.BinaryField(
        null=True, help_text="digest of what makes two copies the same mail"
    )
    sender = models.CharField(max_length=320, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    proof = models.CharField(max_length=5, choices=Proof, default=Proof.NONE)
    member = models.ForeignKey(
        "incidents.User",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="who has the sender's address",
    )
    named_ref = models.CharField(
        max_length=14, blank=True, help_text="the incident that it answers or names"
    )
    incident = models.ForeignKey(
        "incidents.Incident", null=True, on_delete=models.PROTECT, related_name="+"
    )
    settled_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        "incidents.User",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="null: Tocsin itself",
    )

    objects = MailQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_mail"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            # A relay that lost our answer sends the same mail again.
            models.UniqueConstraint(fields=["organisation", "once"], name="mail_once"),
            models.CheckConstraint(
                condition=~models.Q(state__in=["pending", "held"])
                | models.Q(raw__isnull=False),
                name="mail_undecided_has_raw",
            ),
        ]
        indexes: ClassVar = [
            # Serves the claim of the worker.
            models.Index(
                fields=["id"],
                condition=models.Q(state="pending"),
                name="mail_pending",
            ),
            models.Index(fields=["organisation", "state", "-id"], name="mail_by_state"),
        ]

    def __str__(self) -> str:
        return f"mail {self.uid}"

    def get_absolute_url(self) -> str:
        """Return the path of its page."""
        return reverse("mail-detail", args=[self.uid])

    @property
    def is_undecided(self) -> bool:
        """Whether a person may still decide on it."""
        return self.state in UNDECIDED and self.raw is not None
