"""Which laws an organisation watches, and the regimes that it wrote itself."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class LegalProfile(models.Model):
    """An organisation's duties: which regimes it is under, and who answers for them."""

    organisation = models.OneToOneField(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="legal_profile",
    )
    regimes = models.JSONField(
        default=dict,
        help_text="regime id to {entity, zone, calendar}; each may be empty",
    )
    accountable = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    policy = models.ForeignKey(
        "escalation.Policy",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="whose steps a warning runs; null pages the accountable person",
    )
    changed_at = models.DateTimeField()

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_legal_profile"

    def __str__(self) -> str:
        return f"duties of {self.organisation_id}"


class RegimeText(models.Model):
    """One version of a regime's file: an organisation's own, or one that came with us.

    Clocks and decisions name a version by its digest, so that each can be read again.
    """

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="null: it came with the product",
    )
    regime_id = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the text")
    text = models.TextField(help_text="TOML, as `regimes/reading.py` reads it")
    reason = models.CharField(max_length=500, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    is_current = models.BooleanField(default=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_regime_text"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "regime_id"],
                condition=models.Q(is_current=True),
                nulls_distinct=False,
                name="regime_text_current_once",
            ),
            # An organisation may go back to a former text: a version of its own.
            models.UniqueConstraint(
                fields=["regime_id", "digest"],
                condition=models.Q(organisation=None),
                name="regime_text_shipped_once",
            ),
        ]
        indexes: ClassVar = [
            # Serves reading the texts that clocks and decisions name.
            models.Index(fields=["digest"], name="regime_text_digest")
        ]

    def __str__(self) -> str:
        return self.regime_id
