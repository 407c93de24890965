"""Statutory clocks as the API shows them."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from escalation.duties.models import DutyState
from escalation.duties.showing import ShownDuty


class DueDateSerializer(serializers.Serializer[Any]):
    """A due date that a clock had, and why."""

    due_operational = serializers.DateTimeField(allow_null=True)
    due_statutory_latest = serializers.DateTimeField(allow_null=True)
    rule = serializers.CharField()
    digest = serializers.CharField(
        source="regime_digest", help_text="SHA-256 of the law's text it was counted by"
    )
    reason = serializers.CharField()
    set_at = serializers.DateTimeField()


class DutyWarningSerializer(serializers.Serializer[Any]):
    """A warning and when it is given."""

    name = serializers.CharField()
    at = serializers.DateTimeField()


class DutyClockSerializer(serializers.Serializer[Any]):
    """By when a law wants a report from one of your organisations."""

    kind = serializers.CharField(help_text="statutory")
    id = serializers.IntegerField(source="clock.pk")
    incident = serializers.CharField(source="clock.incident.ref")
    organisation = serializers.CharField(source="clock.organisation.slug")
    name = serializers.CharField(help_text="law and report")
    regime = serializers.CharField(source="clock.regime_id")
    regime_digest = serializers.CharField(
        source="clock.regime_digest", help_text="SHA-256 of the law's text it runs by"
    )
    stage = serializers.CharField(
        source="clock.stage", help_text="of the law; request:<id> for an answer"
    )
    filing = serializers.CharField(
        source="filing_ref",
        help_text="about which an authority asked; empty for a report",
    )
    round = serializers.IntegerField(
        source="clock.round", help_text="of a report that is due again and again"
    )
    state = serializers.ChoiceField(DutyState.choices, source="clock.state")
    state_reason = serializers.CharField(source="clock.state_reason")
    is_provisional = serializers.BooleanField(
        source="clock.is_provisional",
        help_text="it is not settled whether it has to be reported",
    )
    is_unreadable = serializers.BooleanField(
        help_text="the text it goes by cannot be read: it stays as it was last counted"
    )
    is_overdue = serializers.BooleanField()
    late_minutes = serializers.IntegerField()
    due_operational = serializers.DateTimeField(
        source="clock.due_operational",
        allow_null=True,
        help_text="the earliest defensible date: alarms and lateness go by it",
    )
    due_statutory_latest = serializers.DateTimeField(
        source="clock.due_statutory_latest",
        allow_null=True,
        help_text="with the law's own extension; null where none is declared",
    )
    waiting_for = serializers.ListField(
        source="clock.waiting_for",
        child=serializers.CharField(),
        help_text="instants that would give a date, or another",
    )
    anchor = serializers.CharField(source="clock.anchor")
    counted_from = serializers.DateTimeField(
        source="clock.counted_from", allow_null=True
    )
    rule = serializers.CharField(source="clock.rule")
    citation = serializers.CharField(source="clock.citation")
    source_url = serializers.CharField(source="regime.source_url", default="")
    verified_on = serializers.DateField(source="regime.verified_on", default=None)
    flags = serializers.ListField(source="clock.flags", child=serializers.CharField())
    extensions = serializers.ListField(
        child=serializers.CharField(), help_text="what moved its dates, in words"
    )
    delay_notified_at = serializers.DateTimeField(
        allow_null=True, help_text="when an authority was last told that it is late"
    )
    percent_used = serializers.IntegerField()
    started_at = serializers.DateTimeField(source="clock.started_at")
    met_at = serializers.DateTimeField(source="clock.met_at", allow_null=True)
    met_by = serializers.CharField(
        source="clock.met_by", help_text="reference of the filing"
    )
    ended_at = serializers.DateTimeField(source="clock.ended_at", allow_null=True)
    warned = serializers.ListField(source="clock.warned", child=serializers.CharField())
    warnings = DutyWarningSerializer(many=True)
    history = DueDateSerializer(many=True)


def render_duties(shown: Sequence[ShownDuty]) -> list[Any]:
    """Return statutory clocks as plain data."""
    return list(DutyClockSerializer(shown, many=True).data)
