"""What the API says and takes of how a source's senders prove who they are."""

from datetime import datetime, timedelta
from typing import Any

from rest_framework import serializers

from incidents.intake.models import Source
from incidents.intake.trust import MAX_KEPT, old_key_of, proof_of, refusals_of
from incidents.intake.trust_kinds import KIND_CHOICES, REASONS
from incidents.rest import StrictSerializer

MAX_MINUTES = int(MAX_KEPT / timedelta(minutes=1))


def shown_trust(source: Source, *, now: datetime, secret: str = "") -> dict[str, Any]:
    """Return what is told of a source's checks; `secret` is one that was just made."""
    former = old_key_of(source, now=now)
    kept_until = source.old_secret_ends_at
    return {
        "verification": source.verification,
        "options": source.verification_options,
        "address_ranges": source.address_ranges,
        "proves": proof_of(source),
        "secret": secret,
        "old_secret_ends_at": kept_until if kept_until and kept_until > now else None,
        "old_key_ends_at": former.ends_at if former else None,
        "old_key_last_used_at": former.last_used_at if former else None,
        "refusals": refusals_of(source),
    }


class RefusalSerializer(serializers.Serializer[Any]):
    """How often requests were refused for one reason, and the last of them."""

    reason = serializers.ChoiceField(sorted(REASONS))
    meaning = serializers.CharField()
    remedy = serializers.CharField()
    last_told = serializers.CharField(
        help_text="what the last request named, such as the topic; not proved"
    )
    count = serializers.IntegerField()
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()
    last_size_bytes = serializers.IntegerField()
    last_sha256 = serializers.CharField()
    last_address = serializers.CharField()


class TrustSerializer(serializers.Serializer[Any]):
    """How a source's senders prove who they are."""

    verification = serializers.ChoiceField(KIND_CHOICES)
    options = serializers.DictField(child=serializers.CharField())
    address_ranges = serializers.ListField(child=serializers.CharField())
    proves = serializers.CharField()
    secret = serializers.CharField(help_text="one that was made now; never told again")
    old_secret_ends_at = serializers.DateTimeField(allow_null=True)
    old_key_ends_at = serializers.DateTimeField(allow_null=True)
    old_key_last_used_at = serializers.DateTimeField(allow_null=True)
    refusals = RefusalSerializer(many=True)


class TrustBody(StrictSerializer):
    """What is to be changed; the rest stays."""

    verification = serializers.ChoiceField(KIND_CHOICES, required=False)
    options = serializers.DictField(
        child=serializers.CharField(allow_blank=True), required=False
    )
    secret = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=True,
        help_text="empty: one is made and told once",
    )
    address_ranges = serializers.ListField(
        child=serializers.CharField(max_length=50), required=False
    )
    keep_old_secret_minutes = serializers.IntegerField(
        min_value=0, max_value=MAX_MINUTES, default=0
    )


class RotateBody(StrictSerializer):
    """For how long the former address works on."""

    keep_old_minutes = serializers.IntegerField(
        min_value=0, max_value=MAX_MINUTES, default=0
    )
