"""What silences and maintenance windows have in common over REST."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

from incidents.errors import BadInput
from incidents.intake.models import Source
from incidents.intake.silence_models import Maintenance, Silence
from incidents.intake.suppressors import code_of
from incidents.organisations.models import Organisation
from incidents.rest import StrictSerializer


class HeldSerializer(serializers.Serializer[Any]):
    """What holds alerts back. Needs {"counts": of `counts_held`} as context."""

    id = serializers.UUIDField(source="uid")
    organisation = serializers.CharField(source="organisation.slug")
    source = serializers.CharField(  # type: ignore[assignment]  # the API's name for it
        source="source.slug", default=None, help_text="null: all of them"
    )
    reason = serializers.CharField()
    author = serializers.SerializerMethodField(help_text="null: not a person")
    held_count = serializers.SerializerMethodField(
        help_text="how often it held an alert or a heartbeat back"
    )
    made_at = serializers.DateTimeField()

    def get_author(self, row: Silence | Maintenance) -> str | None:
        """Return who made it."""
        named = row.author_name if isinstance(row, Silence) else ""
        return str(row.author) if row.author else named or None

    def get_held_count(self, row: Silence | Maintenance) -> int:
        """Return how often it held something back."""
        counts: Mapping[str, int] = self.context["counts"]
        return counts.get(code_of(row), 0)


class HeldBody(StrictSerializer):
    """What is said of both when they are made."""

    organisation = serializers.SlugField(default="", allow_blank=True)
    source = serializers.SlugField(  # type: ignore[assignment]  # the API's name for it
        default="", allow_blank=True, help_text="its slug; empty: all of them"
    )
    reason = serializers.CharField(max_length=500)


def instant_text(at: datetime | None) -> str | None:
    """Return an instant as the API writes it."""
    return serializers.DateTimeField().to_representation(at) if at else None


def source_named(organisation: Organisation, slug: str) -> Source | None:
    """Return the organisation's source, None for no slug. Raises BadInput."""
    if not slug:
        return None
    source = Source.objects.filter(organisation=organisation, slug=slug).first()
    if source is None:
        raise BadInput("source", slug, "Name a source of this organisation.")
    return source
