"""The clocks of one side as the API shows them."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from escalation.clocks.models import ClockState
from escalation.clocks.showing import ShownClock


class PauseSerializer(serializers.Serializer[Any]):
    """A time that does not count; open while `to_at` is null."""

    reason = serializers.CharField()
    from_at = serializers.DateTimeField()
    to_at = serializers.DateTimeField(allow_null=True)


class NoticeSerializer(serializers.Serializer[Any]):
    """A warning and when it is given."""

    name = serializers.CharField(source="notice.name")
    at = serializers.DateTimeField()


class ClockSerializer(serializers.Serializer[Any]):
    """A deadline that is watched for one of your organisations."""

    kind = serializers.CharField(help_text="sla")
    id = serializers.IntegerField(source="clock.pk")
    organisation = serializers.CharField(source="clock.organisation.slug")
    what = serializers.CharField(source="clock.what")
    name = serializers.CharField()
    side = serializers.CharField(source="clock.side", help_text="whose act: own, other")
    state = serializers.ChoiceField(ClockState.choices, source="clock.state")
    state_reason = serializers.CharField(source="clock.state_reason")
    is_overdue = serializers.BooleanField()
    started_at = serializers.DateTimeField(source="clock.started_at")
    due_at = serializers.DateTimeField(
        source="clock.due_at", allow_null=True, help_text="null while it is paused"
    )
    met_at = serializers.DateTimeField(source="clock.met_at", allow_null=True)
    breached_at = serializers.DateTimeField(source="clock.breached_at", allow_null=True)
    minutes = serializers.IntegerField(source="clock.minutes")
    left_minutes = serializers.IntegerField(help_text="of the calendar's time")
    percent_used = serializers.IntegerField()
    calendar = serializers.CharField(source="clock.calendar_name")
    severity = serializers.IntegerField(source="clock.severity")
    policy = serializers.CharField(source="clock.version.policy.slug")
    version = serializers.IntegerField(source="clock.version.number")
    warnings = NoticeSerializer(source="notices", many=True)
    pauses = PauseSerializer(many=True)


def render_clocks(shown: Sequence[ShownClock]) -> list[Any]:
    """Return clocks as plain data."""
    return list(ClockSerializer(shown, many=True).data)
