"""The keys by which people sign what they acknowledged; only public halves are here."""

import uuid
from base64 import b64encode
from typing import TYPE_CHECKING, ClassVar

from django.db import models

from incidents.ledger.party_key import party_key, short
from incidents.organisations.models import User
from incidents.organisations.roles import Action, organisations_allowing

if TYPE_CHECKING:
    from datetime import datetime


class PartyKeyQuerySet(models.QuerySet["PartyKey"]):
    """Look-ups of keys."""

    def visible_to(self, person: User) -> "PartyKeyQuerySet":
        """Return the person's own, and all of the organisations that they administer."""
        administered = organisations_allowing(person, Action.CONFIGURE)
        own = models.Q(user=person)
        return self.filter(own | models.Q(organisation__in=administered))

    def active(self) -> "PartyKeyQuerySet":
        """Return those that may still sign."""
        return self.filter(retired_at=None)


class PartyKey(models.Model):
    """One person's Ed25519 key, for one of their organisations."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    user = models.ForeignKey(
        "incidents.User", on_delete=models.PROTECT, related_name="+"
    )
    label = models.CharField(max_length=100)
    public = models.BinaryField(help_text="the 32 bytes of its public half")
    fingerprint = models.CharField(
        max_length=64, help_text="SHA-256 of the public half"
    )
    added_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    objects = PartyKeyQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_party_key"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "fingerprint"], name="party_key_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.label}, {self.short}"

    @property
    def short(self) -> str:
        """The digits that people compare."""
        return short(self.fingerprint)

    @property
    def public_text(self) -> str:
        """The public half in base64, as entries have it."""
        return b64encode(bytes(self.public)).decode()

    @property
    def line(self) -> str:
        """The line by which others pin it."""
        return party_key(self.label, bytes(self.public)).vkey()

    def retire(self, now: "datetime") -> None:
        """Let it sign nothing more."""
        self.retired_at = now
        self.save(update_fields=["retired_at"])
