"""What is sent and shown over REST of evidence."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from incidents.evidence.models import EvidenceBundle
from incidents.rest import StrictSerializer


class RuleBody(StrictSerializer):
    """Withhold a field of all entries, of one, or one whole entry."""

    field = serializers.CharField(default="", allow_blank=True, max_length=32)
    authority = serializers.CharField(
        max_length=190, help_text="by which authority, for example FOIA b(6)"
    )
    entry = serializers.IntegerField(
        required=False, min_value=1, help_text="its number in the record handed out"
    )


class EvidenceBody(StrictSerializer):
    """What is to be handed out, and to whom."""

    audience = serializers.CharField(
        default="own",
        max_length=100,
        help_text="own, or the slug of the other side of a share",
    )
    recipient = serializers.CharField(max_length=200)
    redactions = RuleBody(many=True, default=list)
    has_files = serializers.BooleanField(default=True)
    seen_size = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text="a size of the log that the recipient has verified before",
    )
    organisation = serializers.SlugField(default="", allow_blank=True)


class EvidenceSerializer(serializers.Serializer[Any]):
    """An export: how far it is, and once it is ready what it is."""

    id = serializers.UUIDField(source="uid")
    state = serializers.CharField()
    entries_done = serializers.IntegerField(source="done")
    entries = serializers.IntegerField(source="total")
    organisation = serializers.CharField(source="organisation.slug")
    recipient = serializers.CharField()
    stream = serializers.UUIDField(source="audience_id")
    redactions = serializers.ListField(child=serializers.DictField())
    has_files = serializers.BooleanField()
    requested_at = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    head_size = serializers.IntegerField(allow_null=True)
    is_cosigned = serializers.BooleanField(
        help_text="whether a quorum of witnesses signed its head"
    )
    manifest_sha256 = serializers.CharField()
    sha256 = serializers.CharField()
    size_bytes = serializers.IntegerField()
    error = serializers.CharField()
    url = serializers.SerializerMethodField()
    file_url = serializers.SerializerMethodField(help_text="null unless it is ready")

    def get_url(self, row: EvidenceBundle) -> str:
        """Return where it is watched."""
        return self._address("api:evidence-bundle", row)

    def get_file_url(self, row: EvidenceBundle) -> str | None:
        """Return where it is fetched."""
        is_there = row.is_there(self.context["now"])
        return self._address("api:evidence-fetch", row) if is_there else None

    def _address(self, name: str, row: EvidenceBundle) -> str:
        path = reverse(name, args=[row.incident.ref, row.uid])
        return str(self.context["absolute"](path))
