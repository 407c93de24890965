"""What the API says of anonymous reports to their handlers, and of who the handlers are."""

from typing import Any

from rest_framework import serializers

from incidents.anonymous.forms import MAX_TEXT
from incidents.anonymous.models import ReportState
from incidents.incident.models import CATEGORY_CHOICES
from incidents.incident.serializers import TlpField
from incidents.incident.severity import SEVERITY_CHOICES
from incidents.incident.tlp import DEFAULT_TLP
from incidents.rest import StrictSerializer


class ReportFileSerializer(serializers.Serializer[Any]):
    """A file as it is kept."""

    id = serializers.UUIDField(source="uid")
    filename = serializers.CharField(help_text="one of ours: names are not kept")
    media_type = serializers.CharField(help_text="sniffed from the bytes")
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    is_cleaned = serializers.BooleanField(
        help_text="written anew without metadata; false: it came so"
    )


class ReportMessageSerializer(serializers.Serializer[Any]):
    """One message of the reporter or of a handler."""

    by_reporter = serializers.BooleanField()
    author = serializers.EmailField(
        source="author.email", default=None, allow_null=True
    )
    text = serializers.CharField()
    at = serializers.DateTimeField(help_text="of a reporter: cut to the hour")
    is_unread = serializers.BooleanField(help_text="by the other side")
    files = ReportFileSerializer(many=True)


class ReportSerializer(serializers.Serializer[Any]):
    """A report in a list."""

    ref = serializers.CharField()
    url = serializers.URLField(help_text="its page")
    organisation = serializers.CharField(source="organisation.slug")
    title = serializers.CharField()
    category = serializers.ChoiceField(CATEGORY_CHOICES, allow_blank=True)
    state = serializers.ChoiceField(ReportState.choices)
    received_at = serializers.DateTimeField(help_text="cut to the hour")
    status_due_at = serializers.DateTimeField(
        allow_null=True, help_text="by when its reporter must hear"
    )
    closed_at = serializers.DateTimeField(allow_null=True)
    incident = serializers.CharField(
        source="incident.ref", default=None, allow_null=True
    )
    unread_count = serializers.IntegerField(help_text="messages no handler has opened")


class ReportDetailSerializer(ReportSerializer):
    """A report with all that was written."""

    messages = ReportMessageSerializer(many=True)


class ReportPersonBody(StrictSerializer):
    """A colleague with a role in the report's organisation."""

    person = serializers.EmailField()


class ReportReadersSerializer(serializers.Serializer[Any]):
    """Who can read a report."""

    handlers = serializers.ListField(child=serializers.EmailField())
    readers = serializers.ListField(
        child=serializers.EmailField(), help_text="to whom this report is shown besides"
    )


class ReportTextBody(StrictSerializer):
    """What the reporter is to read."""

    text = serializers.CharField(max_length=MAX_TEXT)


class ReportIncidentBody(StrictSerializer):
    """What others are to know; nothing of the report is taken over by itself."""

    title = serializers.CharField(max_length=300)
    description = serializers.CharField(
        max_length=MAX_TEXT, default="", allow_blank=True
    )
    category = serializers.ChoiceField(CATEGORY_CHOICES)
    severity = serializers.ChoiceField(SEVERITY_CHOICES)
    tlp = TlpField(default=DEFAULT_TLP.value)
    is_danger = serializers.BooleanField(default=None, allow_null=True)
    files = serializers.ListField(
        child=serializers.UUIDField(), default=list, help_text="ids of files to copy"
    )


class ReportIncidentSerializer(serializers.Serializer[Any]):
    """The incident that was opened."""

    incident = serializers.CharField()


class ReportDeskSerializer(serializers.Serializer[Any]):
    """Who reads the anonymous reports of an organisation."""

    organisation = serializers.SlugField()
    is_open = serializers.BooleanField(help_text="whether reports are taken")
    takes_all = serializers.BooleanField(
        help_text="also of people who do not know whom to tell; one agency only"
    )
    handlers = serializers.ListField(child=serializers.EmailField())


class ReportDeskBody(StrictSerializer):
    """What a desk is to be: exactly these handlers."""

    handlers = serializers.ListField(child=serializers.EmailField())
    is_open = serializers.BooleanField(default=True)
    takes_all = serializers.BooleanField(default=False)
