"""What the API says and takes of sources and their deliveries."""

import base64
from typing import Any

from rest_framework import serializers

from incidents.incident.serializers import TlpField
from incidents.incident.severity import SEVERITY_CHOICES
from incidents.incident.taxonomy import CATEGORY_CHOICES
from incidents.intake.adapters.registry import TOOL_CHOICES
from incidents.intake.handling import (
    MAX_EXPIRY_MINUTES,
    MAX_FLAP_CHANGES,
    MAX_FLAP_MINUTES,
    MAX_QUIET_HOURS,
    MAX_WINDOW_MINUTES,
)
from incidents.intake.mapping_preview import OUTCOMES
from incidents.intake.mapping_trying import MAX_BODY
from incidents.intake.models import Delivery, DeliveryState, Source
from incidents.intake.replaying import MAX_REPLAYED, READABLE
from incidents.intake.sources import key_apart, source_url
from incidents.intake.trust import proof_of
from incidents.rest import StrictSerializer


class SourceSerializer(serializers.Serializer[Any]):
    """A tool that may post, with the secret address to which it posts."""

    id = serializers.UUIDField(source="uid")
    organisation = serializers.CharField(source="organisation.slug")
    tool = serializers.ChoiceField(TOOL_CHOICES)
    slug = serializers.CharField()
    name = serializers.CharField()
    url = serializers.SerializerMethodField(
        help_text="holds the key; empty where the reader may not configure"
    )
    key = serializers.SerializerMethodField(
        help_text="only where the address does not hold it; empty like that"
    )
    is_enabled = serializers.BooleanField()
    resolves_incidents = serializers.BooleanField()
    default_severity = serializers.ChoiceField(SEVERITY_CHOICES)
    default_category = serializers.ChoiceField(CATEGORY_CHOICES)
    default_tlp = serializers.CharField()
    mapping = serializers.DictField()
    severity_map = serializers.DictField(child=serializers.IntegerField())
    group_by = serializers.ListField(child=serializers.CharField())
    group_window_minutes = serializers.IntegerField()
    expires_after_minutes = serializers.IntegerField()
    flap_changes = serializers.IntegerField()
    flap_minutes = serializers.IntegerField()
    quiet_after_hours = serializers.IntegerField()
    proves = serializers.SerializerMethodField(
        help_text="what it can prove of its senders; see its trust"
    )
    created_at = serializers.DateTimeField()

    def get_proves(self, source: Source) -> str:
        """Return the sentence."""
        return proof_of(source)

    def get_key(self, source: Source) -> str:
        """Return the key where the address does not hold it."""
        return key_apart(source)

    def get_url(self, source: Source) -> str:
        """Return the address with its key."""
        return source_url(source)


class SourceChangeBody(StrictSerializer):
    """What is to be changed; the rest stays."""

    name = serializers.CharField(max_length=200, required=False)
    is_enabled = serializers.BooleanField(required=False)
    resolves_incidents = serializers.BooleanField(required=False)
    default_severity = serializers.ChoiceField(SEVERITY_CHOICES, required=False)
    default_category = serializers.ChoiceField(CATEGORY_CHOICES, required=False)
    default_tlp = TlpField(required=False)
    mapping = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="generic only"
    )
    severity_map = serializers.DictField(
        child=serializers.ChoiceField(SEVERITY_CHOICES),
        required=False,
        help_text="the tool's word → our level",
    )
    group_by = serializers.ListField(
        child=serializers.CharField(max_length=128),
        required=False,
        help_text="labels; empty: the tool's own groups",
    )
    group_window_minutes = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_WINDOW_MINUTES,
        help_text="how long a group's incident takes new alerts; 0: while it is open",
    )
    expires_after_minutes = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_EXPIRY_MINUTES,
        help_text="an alert ends that long after its last word; 0: never",
    )
    flap_changes = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_FLAP_CHANGES,
        help_text="so many changes of an alert make its incident flap; 0: never",
    )
    flap_minutes = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_FLAP_MINUTES,
        help_text="within so many minutes; it ends after as many of quiet",
    )
    quiet_after_hours = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_QUIET_HOURS,
        help_text="no delivery for so long opens an incident; 0: never",
    )


class SourceBody(SourceChangeBody):
    """A source to be made."""

    tool = serializers.ChoiceField(TOOL_CHOICES)
    slug = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=200)
    organisation = serializers.SlugField(default="", allow_blank=True)


class DeliverySerializer(serializers.Serializer[Any]):
    """One raw delivery without its body."""

    id = serializers.UUIDField(source="uid")
    received_at = serializers.DateTimeField()
    state = serializers.ChoiceField(DeliveryState.choices)
    size_bytes = serializers.IntegerField()
    sha256 = serializers.SerializerMethodField()
    error = serializers.CharField()
    processed_at = serializers.DateTimeField(allow_null=True)
    alert_count = serializers.IntegerField()
    replays = serializers.IntegerField(help_text="times it was read again")
    verified_by = serializers.CharField(help_text="the check that it passed")

    def get_sha256(self, delivery: Delivery) -> str:
        """Return the digest in hex."""
        return bytes(delivery.sha256).hex()


class DeliveryBodySerializer(DeliverySerializer):
    """One raw delivery as it was posted."""

    headers = serializers.DictField()
    body = serializers.SerializerMethodField(
        help_text="base64; null: too large to keep"
    )

    def get_body(self, delivery: Delivery) -> str | None:
        """Return the exact bytes in base64."""
        if delivery.body is None:
            return None
        return base64.b64encode(bytes(delivery.body)).decode()


class TryBody(StrictSerializer):
    """A mapping to try, and the body to try it on: the last one when left out."""

    mapping = serializers.DictField(
        child=serializers.CharField(),
        required=False,
        help_text="generic only; the source's own when left out",
    )
    severity_map = serializers.DictField(
        child=serializers.ChoiceField(SEVERITY_CHOICES), required=False
    )
    delivery = serializers.UUIDField(
        required=False, help_text="a delivery of this source"
    )
    body = serializers.CharField(
        required=False,
        trim_whitespace=False,
        max_length=MAX_BODY,
        help_text="a body as text, instead of a delivery",
    )


class TriedAlertSerializer(serializers.Serializer[Any]):
    """One alert as it would be read."""

    title = serializers.CharField()
    status = serializers.CharField()
    severity = serializers.IntegerField(help_text="our level")
    severity_told = serializers.CharField(help_text="the tool's own word")
    summary = serializers.CharField()
    dedup_key = serializers.CharField()
    group_key = serializers.CharField()
    group_title = serializers.CharField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField()
    labels = serializers.DictField(child=serializers.CharField())


class ProblemSerializer(serializers.Serializer[Any]):
    """What cannot be used."""

    field = serializers.CharField()
    found = serializers.CharField()
    remedy = serializers.CharField()


class TriedSerializer(serializers.Serializer[Any]):
    """What a body would mean. Nothing of it is stored."""

    outcome = serializers.ChoiceField(OUTCOMES)
    reason = serializers.CharField(help_text="why it gives no alert")
    problems = ProblemSerializer(many=True)
    alerts = TriedAlertSerializer(many=True)
    more = serializers.IntegerField(help_text="alerts that are left out here")
    found = serializers.DictField(
        child=serializers.CharField(),
        help_text="what each path finds for the first alert",
    )


class CountedSpanSerializer(serializers.Serializer[Any]):
    """What came from an instant on, and how much of it failed."""

    start = serializers.DateTimeField()
    count = serializers.IntegerField()
    failed = serializers.IntegerField()


class CountsSerializer(serializers.Serializer[Any]):
    """How much came and how much failed, in UTC; what waits is not counted yet."""

    hours = CountedSpanSerializer(
        many=True, help_text="the last 24, the present one last"
    )
    days = CountedSpanSerializer(many=True, help_text="the last 30, today last")


class HealthSerializer(serializers.Serializer[Any]):
    """How a source is, why, and what to do."""

    level = serializers.ChoiceField(("good", "warn", "bad", "off"))
    word = serializers.CharField()
    sentence = serializers.CharField()
    remedy = serializers.CharField()
    last_delivery_at = serializers.DateTimeField(allow_null=True)
    deliveries_24h = serializers.IntegerField()
    failed_24h = serializers.IntegerField()


class StateQuery(StrictSerializer):
    """Narrow deliveries to one state, for example unreadable."""

    state = serializers.ChoiceField(DeliveryState.choices, required=False)


class ReplayBody(StrictSerializer):
    """Which deliveries are to be read once more: those in these states, or these."""

    states = serializers.ListField(
        child=serializers.ChoiceField(READABLE), required=False, max_length=3
    )
    deliveries = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=MAX_REPLAYED
    )


class ReplayedSerializer(serializers.Serializer[Any]):
    """How many deliveries wait to be read once more."""

    count = serializers.IntegerField()
