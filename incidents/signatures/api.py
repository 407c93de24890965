"""Signing keys, and signatures under acknowledgements, over REST."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.incident.serializers import IncidentSerializer
from incidents.incident.viewset import IncidentApiViewSet
from incidents.ledger.dsse import BadEnvelope, Envelope, envelope_of
from incidents.ledger.party_ack import ACK_TYPE
from incidents.rest import OwnedViewSet, StrictSerializer
from incidents.signatures.keys import (
    FIELD,
    add_key,
    find_key,
    read_statement,
    retire_key,
    side_of,
)
from incidents.signatures.models import PartyKey
from incidents.signatures.signing import (
    ToSign,
    read_envelopes,
    sign,
    signing_side,
    to_sign,
)
from incidents.timers.clock import read_now


class PartyKeySerializer(serializers.Serializer[Any]):
    """A key by which somebody signs what they acknowledged."""

    id = serializers.UUIDField(source="uid")
    organisation = serializers.CharField(source="organisation.slug")
    person = serializers.EmailField(source="user.email")
    label = serializers.CharField()  # type: ignore[assignment]  # DRF's own name
    fingerprint = serializers.CharField(help_text="SHA-256 of the public key, hex")
    line = serializers.CharField(help_text="by which others pin it: name+id+base64")
    added_at = serializers.DateTimeField()
    retired_at = serializers.DateTimeField(allow_null=True)


class PartyKeyBody(StrictSerializer):
    """The proof that you have the key."""

    envelope = serializers.DictField(help_text="as `tocsin-sign register` prints it")


class ToSignSerializer(serializers.Serializer[Any]):
    """What you are asked to sign: each payload by itself, as DSSE."""

    payload_type = serializers.CharField()
    payloads = serializers.ListField(
        child=serializers.CharField(),
        help_text="the exact texts, in UTF-8; none when nothing is left to sign",
    )
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    organisation = serializers.CharField(allow_null=True)


class SignatureBody(StrictSerializer):
    """All payloads, signed by one key."""

    envelopes = serializers.ListField(
        child=serializers.DictField(), help_text="as `tocsin-sign ack` prints them"
    )


class PartyKeyViewSet(OwnedViewSet):
    """Your keys, and those of the organisations that you administer."""

    queryset = PartyKey.objects.none()
    serializer_class = PartyKeySerializer
    ordering = ("-id",)

    def list(self, request: Request) -> Response:
        """List the keys, retired ones too."""
        return self.list_rows(_listed)

    def retrieve(self, request: Request, uid: str) -> Response:
        """Open one key."""
        return Response(PartyKeySerializer(self.find()).data)

    @extend_schema(request=PartyKeyBody, responses={201: PartyKeySerializer})
    def create(self, request: Request) -> Response:
        """Register a key that you have, for one of your organisations."""
        envelope = _envelope(self.read_body(PartyKeyBody)["envelope"])
        side = side_of(read_statement(envelope, self.person), self.person)
        key = add_key(
            envelope,
            user=self.person,
            organisation=side,
            actor=actor_for(self.person, side),
            now=read_now(),
        )
        body = PartyKeySerializer(key).data
        return Response(body, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=PartyKeySerializer)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, uid: str) -> Response:
        """Let it sign nothing more; what it signed stays signed."""
        key = find_key(self.person, uid)
        actor = actor_for(self.person, key.organisation)
        key = retire_key(key, actor=actor, now=read_now())
        return Response(PartyKeySerializer(key).data)

    def visible(self) -> QuerySet[PartyKey]:
        """Return the keys that the person sees."""
        rows = PartyKey.objects.visible_to(self.person)
        return rows.select_related("organisation", "user")


class SignatureViewSet(IncidentApiViewSet):
    """Sign your newest acknowledgement of an incident."""

    @extend_schema(methods=["GET"], responses=ToSignSerializer)
    @extend_schema(
        methods=["POST"], request=SignatureBody, responses=IncidentSerializer
    )
    @action(detail=True, methods=["get", "post"])
    def signature(self, request: Request, ref: str) -> Response:
        """Say what is to be signed, or take it signed."""
        if request.method == "GET":
            incident, _ = self.find_for_reading()
            return Response(_asked(to_sign(incident, self.person)))
        incident = self.find()
        side = signing_side(incident, self.person)
        envelopes = read_envelopes(self.read_body(SignatureBody)["envelopes"])
        actor = actor_for(self.person, side)
        sign(incident, envelopes, user=self.person, actor=actor, now=read_now())
        return self.respond_incident(incident)


def _listed(rows: list[PartyKey]) -> Sequence[Any]:
    return list(PartyKeySerializer(rows, many=True).data)


def _asked(asked: ToSign | None) -> Any:
    body = {
        "payload_type": ACK_TYPE,
        "payloads": asked.texts if asked else [],
        "acknowledged_at": asked.acknowledgement.at if asked else None,
        "organisation": asked.acknowledgement.organisation.slug if asked else None,
    }
    return ToSignSerializer(body).data


def _envelope(value: object) -> Envelope:
    try:
        return envelope_of(value)
    except BadEnvelope as error:
        raise BadInput(FIELD, "", f"It cannot be read: {error}.") from None
