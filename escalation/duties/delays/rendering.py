"""Notices of delay and extensions as the API shows them."""

from collections.abc import Collection
from typing import Any

from rest_framework import serializers

from escalation.duties.delays.models import DelayNotice, Extension, ExtensionState


class DelayNoticeSerializer(serializers.Serializer[Any]):
    """That an authority was told that a limit cannot be met."""

    id = serializers.IntegerField()
    incident = serializers.CharField(help_text="ref")
    clock = serializers.IntegerField(help_text="id of the statutory clock")
    regime = serializers.CharField()
    stage = serializers.CharField()
    organisation = serializers.CharField(help_text="slug of who told it")
    agency = serializers.CharField(help_text="slug; empty: told by hand")
    authority = serializers.CharField()
    reference = serializers.CharField(help_text="of the authority, told by hand")
    reasons = serializers.CharField()
    expected_at = serializers.DateTimeField()
    notified_at = serializers.DateTimeField()
    is_late = serializers.BooleanField(help_text="told once the limit had passed")
    author = serializers.CharField(help_text="your own side's only")


class ExtensionSerializer(serializers.Serializer[Any]):
    """More time for one report. Those `granted` and `confirmed` move its clock."""

    id = serializers.IntegerField()
    incident = serializers.CharField(help_text="ref")
    clock = serializers.IntegerField(help_text="id of the statutory clock")
    regime = serializers.CharField()
    stage = serializers.CharField()
    organisation = serializers.CharField(help_text="slug of whose report it is")
    agency = serializers.CharField(help_text="slug; empty: recorded on another's word")
    number = serializers.IntegerField(help_text="in the law's series")
    granted_by = serializers.CharField()
    citation = serializers.CharField()
    suspends = serializers.BooleanField(help_text="it moves the earliest date too")
    state = serializers.ChoiceField(choices=ExtensionState.choices)
    days = serializers.IntegerField(allow_null=True)
    asked_until = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True, help_text="as it was granted")
    reason = serializers.CharField()
    determined_on = serializers.DateField(allow_null=True)
    document_sha256 = serializers.CharField()
    author = serializers.CharField(help_text="your own side's only")
    created_at = serializers.DateTimeField()
    confirmed_by = serializers.CharField()
    confirmed_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.CharField(help_text="the agency's words")
    answered_at = serializers.DateTimeField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawn_reason = serializers.CharField()


def render_notice(row: DelayNotice, own: Collection[int]) -> Any:
    """Return a notice as plain data, for sides of these ids."""
    shown = {
        **_common(row),
        "authority": row.authority,
        "reference": row.reference,
        "reasons": row.reasons,
        "expected_at": row.expected_at,
        "notified_at": row.notified_at,
        "is_late": row.is_late,
        "author": str(row.author) if row.organisation_id in own else "",
    }
    return DelayNoticeSerializer(shown).data


def render_extension(row: Extension, own: Collection[int]) -> Any:
    """Return an extension as plain data, for sides of these ids."""
    same = (
        *("number", "granted_by", "citation", "suspends", "state", "days"),
        *("asked_until", "until", "reason", "determined_on", "document_sha256"),
        *("created_at", "confirmed_at", "answer", "answered_at", "withdrawn_at"),
        "withdrawn_reason",
    )
    shown = {
        **_common(row),
        **{name: getattr(row, name) for name in same},
        "author": str(row.author) if row.organisation_id in own else "",
        "confirmed_by": str(row.confirmed_by) if row.confirmed_by else "",
    }
    return ExtensionSerializer(shown).data


def _common(row: DelayNotice | Extension) -> dict[str, Any]:
    return {
        "id": row.pk,
        "incident": row.clock.incident.ref,
        "clock": row.clock_id,
        "regime": row.clock.regime_id,
        "stage": row.clock.stage,
        "organisation": row.organisation.slug,
        "agency": row.agency.slug if row.agency else "",
    }
