"""How the record stands, and its audits, over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.log_reading import read_standing
from incidents.models import Audit, EndedLog
from incidents.rest import ApiViewSet
from incidents.timers.clock import read_now


class CosignatureSerializer(serializers.Serializer[Any]):
    """A witness's line below the newest head."""

    name = serializers.CharField()
    at = serializers.DateTimeField(help_text="by the witness's own clock")
    age_seconds = serializers.IntegerField()


class KnownWitnessSerializer(serializers.Serializer[Any]):
    """A witness that is asked, and what it last cosigned."""

    name = serializers.CharField()
    side = serializers.CharField(help_text="lab, agency, platform or other")
    size = serializers.IntegerField()
    said_at = serializers.DateTimeField(
        allow_null=True, help_text="by the witness's own clock"
    )
    answers = serializers.BooleanField()


class MismatchSerializer(serializers.Serializer[Any]):
    """One thing that does not fit."""

    entry = serializers.IntegerField(
        required=False, help_text="missing where no entry can be named"
    )
    why = serializers.CharField()


class AuditSerializer(serializers.Serializer[Any]):
    """One audit that has ended."""

    id = serializers.IntegerField()
    begun_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField()
    size = serializers.IntegerField(help_text="how many entries were computed anew")
    against = serializers.CharField(
        help_text="what it went by: the newest cosigned, signed or sealed head"
    )
    files = serializers.IntegerField(
        help_text="how many files of incidents were hashed anew"
    )
    files_of = serializers.IntegerField(help_text="of how many; each night has a part")
    is_intact = serializers.BooleanField()
    findings = MismatchSerializer(many=True)


class FormerSerializer(serializers.Serializer[Any]):
    """A name that was given up, because its key was or may be stolen."""

    origin = serializers.CharField()
    keys = serializers.SerializerMethodField(help_text="its vkeys; not to be trusted")
    size = serializers.IntegerField(help_text="that of its last head vouched for")
    checkpoint = serializers.CharField(source="note", help_text="that head")
    is_cosigned = serializers.BooleanField(help_text="whether a quorum had seen it")
    ended_at = serializers.DateTimeField()
    ended_by = serializers.CharField()
    reason = serializers.CharField()
    successor = serializers.CharField(help_text="the name under which the log went on")

    def get_keys(self, ended: EndedLog) -> list[str]:
        """Return its keys."""
        return ended.vkeys.splitlines()


class StandingSerializer(serializers.Serializer[Any]):
    """How far the record is sealed, signed, witnessed and audited; sizes are entries."""

    origin = serializers.CharField(
        help_text="the log's name; empty until a head is signed"
    )
    sealed_size = serializers.IntegerField(source="vitals.sealed_size")
    sealed_at = serializers.DateTimeField(allow_null=True)
    unsealed_since = serializers.DateTimeField(
        source="vitals.unsealed_since", allow_null=True
    )
    signed_size = serializers.IntegerField(source="vitals.signed_size")
    witnessed_size = serializers.IntegerField()
    witnessed_at = serializers.DateTimeField(allow_null=True)
    checkpoint = serializers.CharField(
        help_text="the newest head as a signed note; empty until there is one"
    )
    cosignatures = CosignatureSerializer(many=True)
    keys = serializers.ListField(
        child=serializers.CharField(),
        help_text="what signs now, as vkeys; to compare, never to take as yours",
    )
    signer = serializers.CharField(help_text="none, not separated or separated")
    broken = serializers.CharField(
        source="vitals.broken",
        help_text="what keeps entries from being sealed; empty when nothing does",
    )
    refused_why = serializers.CharField(
        source="vitals.refused_why",
        help_text="what the signer said when it did not sign; empty when it did",
    )
    witnesses = KnownWitnessSerializer(many=True)
    formers = FormerSerializer(many=True)
    last_audit = AuditSerializer(source="audit", allow_null=True)


class LogStandingViewSet(ApiViewSet):
    """How the record stands, for everybody who is signed in; nobody's content."""

    pagination_class = None
    serializer_class = StandingSerializer

    @extend_schema(responses=StandingSerializer)
    def list(self, request: Request) -> Response:
        """Show how far the record is sealed, signed, witnessed and audited."""
        return Response(StandingSerializer(read_standing(read_now())).data)


class AuditViewSet(ApiViewSet):
    """The audits of the record, for everybody who is signed in."""

    queryset = Audit.objects.none()
    serializer_class = AuditSerializer
    ordering = ("-id",)

    def list(self, request: Request) -> Response:
        """List the audits that have ended, newest first, with what they found."""
        return self.respond_page(
            Audit.objects.all(),
            lambda rows: list(AuditSerializer(rows, many=True).data),
        )
