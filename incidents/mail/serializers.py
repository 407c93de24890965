"""What the API says of mail and of the addresses that it comes to."""

from typing import Any

from rest_framework import serializers

from incidents.incident.models import CATEGORY_CHOICES
from incidents.incident.serializers import TlpField
from incidents.incident.severity import SEVERITY_CHOICES
from incidents.incident.tlp import DEFAULT_TLP
from incidents.mail.forms import MAX_REASON
from incidents.mail.models import MailState, Proof
from incidents.mail.settling import MAX_TEXT
from incidents.rest import OrganisationQuery, StrictSerializer


class MailQuery(OrganisationQuery):
    """Narrow the list."""

    state = serializers.ChoiceField(MailState.choices, required=False)


class MailSerializer(serializers.Serializer[Any]):
    """A mail in a list."""

    id = serializers.UUIDField(source="uid")
    organisation = serializers.CharField(source="organisation.slug")
    received_at = serializers.DateTimeField()
    state = serializers.ChoiceField(MailState.choices)
    reason = serializers.CharField(help_text="why it is held, or what became of it")
    sender = serializers.CharField(
        help_text="the address in From; empty unless it is exactly one"
    )
    proof = serializers.ChoiceField(
        Proof.choices, help_text="what speaks for it that the sender sent it"
    )
    member = serializers.EmailField(
        source="member.email", default=None, allow_null=True
    )
    subject = serializers.CharField()
    names = serializers.CharField(
        source="named_ref", help_text="the incident that it answers or names"
    )
    incident = serializers.CharField(
        source="incident.ref", default=None, allow_null=True
    )
    settled_at = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.EmailField(
        source="decided_by.email", default=None, allow_null=True
    )
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="of the mail as it came")


class MailFileSerializer(serializers.Serializer[Any]):
    """A file of a mail."""

    number = serializers.IntegerField(help_text="counted from 1")
    filename = serializers.CharField()
    size_bytes = serializers.IntegerField()


class MailDetailSerializer(MailSerializer):
    """A mail with what it says."""

    text = serializers.CharField(
        allow_null=True, help_text="null: its retention has ended"
    )
    files = MailFileSerializer(many=True)


class MailReportBody(StrictSerializer):
    """What a mail is filed as."""

    title = serializers.CharField(max_length=300)
    description = serializers.CharField(
        max_length=MAX_TEXT, default="", allow_blank=True
    )
    category = serializers.ChoiceField(CATEGORY_CHOICES)
    severity = serializers.ChoiceField(SEVERITY_CHOICES)
    tlp = TlpField(default=DEFAULT_TLP.value)
    is_danger = serializers.BooleanField(default=None, allow_null=True)


class MailAttachBody(StrictSerializer):
    """The incident that a mail belongs to."""

    incident = serializers.CharField(max_length=30)


class MailDiscardBody(StrictSerializer):
    """Why nothing is done about a mail."""

    reason = serializers.CharField(max_length=MAX_REASON)


class MailedSourceSerializer(serializers.Serializer[Any]):
    """A source that takes mail of a tool."""

    slug = serializers.CharField()
    address = serializers.CharField(help_text="a new key of the source is a new one")


class MailboxSerializer(serializers.Serializer[Any]):
    """Where an organisation takes mail."""

    organisation = serializers.CharField(source="organisation.slug")
    address = serializers.CharField(help_text="it holds a secret")
    is_open = serializers.BooleanField()
    default_category = serializers.ChoiceField(CATEGORY_CHOICES)
    default_severity = serializers.ChoiceField(SEVERITY_CHOICES)
    default_tlp = serializers.CharField()
    old_address_ends_at = serializers.DateTimeField(
        source="old_token_ends_at", allow_null=True
    )
    sources = MailedSourceSerializer(many=True)


class MailboxBody(StrictSerializer):
    """What a mailbox is to be."""

    is_open = serializers.BooleanField(default=True)
    default_category = serializers.ChoiceField(CATEGORY_CHOICES, default="AVL")
    default_severity = serializers.ChoiceField(SEVERITY_CHOICES, default=3)
    default_tlp = TlpField(default=DEFAULT_TLP.value)


class MailboxRotateBody(StrictSerializer):
    """Whether the former address goes on for 14 days."""

    keep_old = serializers.BooleanField(default=True)
