"""What the API says of holds, erasures and readers, and what it takes."""

from typing import Any

from rest_framework import serializers

from incidents.custody.holds import MATTER_LENGTH
from incidents.custody.models import Erasure, ErasureState, Hold
from incidents.custody.requests import BASIS_LENGTH
from incidents.rest import StrictSerializer

_REASON_LENGTH = 2_000


class _OfSerializer(serializers.Serializer[Any]):
    """Whose, and about which incident or person."""

    uid = serializers.UUIDField()
    organisation = serializers.CharField(source="organisation.slug")
    incident = serializers.CharField(source="incident.ref", default=None)
    person = serializers.CharField(source="person.email", default=None)


class HoldSerializer(_OfSerializer):
    """A legal hold."""

    matter = serializers.CharField()
    reason = serializers.CharField()
    placed_by = serializers.CharField()
    placed_at = serializers.DateTimeField()
    released_by = serializers.CharField(allow_null=True)
    released_at = serializers.DateTimeField(allow_null=True)
    released_reason = serializers.CharField(allow_blank=True)


class ApprovalSerializer(serializers.Serializer[Any]):
    """One person's yes."""

    by = serializers.CharField(source="user")
    at = serializers.DateTimeField()


class PlaceSerializer(StrictSerializer):
    """One value of an entry: the stream, the entry's number in it, the field."""

    stream = serializers.UUIDField()
    seq = serializers.IntegerField(min_value=1)
    field = serializers.CharField(max_length=32)


class ErasableSerializer(serializers.Serializer[Any]):
    """A value that your organisation may ask to be erased."""

    stream = serializers.UUIDField()
    seq = serializers.IntegerField()
    field = serializers.CharField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()


class ErasureSerializer(_OfSerializer):
    """A request to erase, and what became of it."""

    fields_named = serializers.ListField(source="fields")
    basis = serializers.CharField()
    reason = serializers.CharField()
    state = serializers.ChoiceField(ErasureState.choices)
    asked_by = serializers.CharField()
    asked_at = serializers.DateTimeField()
    approvals = ApprovalSerializer(many=True)
    settled_at = serializers.DateTimeField(allow_null=True)
    settled_reason = serializers.CharField(allow_blank=True)


class _OfBody(StrictSerializer):
    """An incident by its ref, or a person by their address."""

    incident = serializers.CharField(max_length=20, default="", allow_blank=True)
    person = serializers.EmailField(max_length=254, default="", allow_blank=True)
    organisation = serializers.SlugField(default="", allow_blank=True)
    reason = serializers.CharField(max_length=_REASON_LENGTH)


class HoldBody(_OfBody):
    """A hold to be placed."""

    matter = serializers.CharField(max_length=MATTER_LENGTH)


class ErasureBody(_OfBody):
    """An erasure to be asked for; `values` only of an incident."""

    basis = serializers.CharField(max_length=BASIS_LENGTH)
    values = PlaceSerializer(many=True, default=list)


class BecauseBody(StrictSerializer):
    """Why."""

    reason = serializers.CharField(max_length=_REASON_LENGTH)


class ReadingSerializer(serializers.Serializer[Any]):
    """One opening by your own side; `person` is for those who may approve."""

    at = serializers.DateTimeField()
    organisation = serializers.CharField()
    role = serializers.CharField()
    person = serializers.CharField()
    what = serializers.ListField(child=serializers.CharField())


class OtherReaderSerializer(serializers.Serializer[Any]):
    """A role of the other side that has opened it."""

    organisation = serializers.CharField()
    role = serializers.CharField()


def render_hold(row: Hold) -> Any:
    """Return a hold as the API shows it."""
    return HoldSerializer(row).data


def render_erasure(row: Erasure) -> Any:
    """Return a request as the API shows it."""
    return ErasureSerializer(row).data
