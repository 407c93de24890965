"""The status over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.status import read_status
from incidents.rest import ApiViewSet
from incidents.timers.clock import read_now


class OnTimeShareSerializer(serializers.Serializer[Any]):
    """How many went on time. `percent` is rounded down and null when there were none."""

    count = serializers.IntegerField()
    on_time = serializers.IntegerField()
    percent = serializers.SerializerMethodField()

    def get_percent(self, share: Any) -> str | None:
        """Return the share as text with two places."""
        return share.percent or None


class DaySerializer(serializers.Serializer[Any]):
    """One day, in UTC."""

    on = serializers.DateField()
    share = OnTimeShareSerializer()
    max_ms = serializers.IntegerField()


class KindSerializer(serializers.Serializer[Any]):
    """One sort of thing in the last 24 hours; a quantile is the bound of its bucket."""

    what = serializers.CharField()
    share = OnTimeShareSerializer()
    p50_ms = serializers.IntegerField(allow_null=True)
    p99_ms = serializers.IntegerField(allow_null=True)
    max_ms = serializers.IntegerField()


class WorstSerializer(serializers.Serializer[Any]):
    """The latest of one kind within a minute, an hour or a day."""

    what = serializers.CharField()
    span = serializers.CharField()
    began_at = serializers.DateTimeField()
    max_ms = serializers.IntegerField()


class RecordStatusSerializer(serializers.Serializer[Any]):
    """How many entries are sealed, and up to where the log is signed."""

    sealed_size = serializers.IntegerField()
    signed_size = serializers.IntegerField()
    unsealed_since = serializers.DateTimeField(allow_null=True)
    broken = serializers.CharField(
        help_text="what keeps entries from being sealed; empty when nothing does"
    )
    refused_why = serializers.CharField(
        help_text="what the signer said when it did not sign; empty when it did"
    )


class WitnessStatusSerializer(serializers.Serializer[Any]):
    """How fresh the word of a quorum of witnesses is."""

    cosigned_size = serializers.IntegerField()
    vouched_at = serializers.DateTimeField(
        source="standing.vouched_at",
        allow_null=True,
        help_text="when a quorum last vouched for the log; null where nobody is asked",
    )
    is_missed = serializers.BooleanField(
        help_text="whether that is longer ago than the platform allows"
    )
    awaited = serializers.ListField(
        child=serializers.CharField(), help_text="whose line would end that"
    )


class StatusSerializer(serializers.Serializer[Any]):
    """How punctual the platform was in the last thirty days, and what runs now."""

    at = serializers.DateTimeField()
    bound_seconds = serializers.IntegerField()
    total = OnTimeShareSerializer()
    waiting_late = serializers.IntegerField()
    days = DaySerializer(many=True)
    kinds = KindSerializer(many=True)
    worst = WorstSerializer(many=True)
    stale = serializers.ListField(source="vitals.stale", child=serializers.CharField())
    stale_chores = serializers.DictField(
        source="vitals.stale_chores", child=serializers.DateTimeField(allow_null=True)
    )
    tick_age_seconds = serializers.DictField(
        source="vitals.tick_age", child=serializers.FloatField(allow_null=True)
    )
    open_circuits = serializers.DictField(
        source="vitals.open_circuits", child=serializers.IntegerField()
    )
    record = RecordStatusSerializer(source="vitals.sealing")
    witnesses = WitnessStatusSerializer(source="vitals.witnesses")
    audited_at = serializers.DateTimeField(source="vitals.audited_at", allow_null=True)
    record_mismatches = serializers.ListField(
        source="vitals.mismatches",
        child=serializers.CharField(),
        help_text="what the last audit of the record found that does not fit",
    )
    erased_values_standing = serializers.IntegerField(
        source="vitals.standing",
        help_text="values that can be read although the record says they are erased",
    )


class StatusViewSet(ApiViewSet):
    """What is on time, for everybody who is signed in; nobody's content is in it."""

    pagination_class = None
    serializer_class = StatusSerializer

    @extend_schema(responses=StatusSerializer)
    def list(self, request: Request) -> Response:
        """Show how punctual the last thirty days were and what runs now."""
        return Response(StatusSerializer(read_status(read_now())).data)
