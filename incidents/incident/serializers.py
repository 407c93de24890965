"""What the API says of an incident, and what it takes to file and to find one."""

from datetime import datetime
from typing import Any, ClassVar

from rest_framework import serializers

from incidents.incident.facets import FACETS, FacetError, parse_facets
from incidents.incident.instants import out_of_range
from incidents.incident.models import CATEGORY_CHOICES, Status
from incidents.incident.severity import SEVERITY_CHOICES
from incidents.incident.tlp import DEFAULT_TLP, TLP_CHOICES, Tlp, parse_tlp
from incidents.rest import InstantField, StrictSerializer
from incidents.timers.clock import read_now

# They end in the random ref, not in the id: a cursor is read by its holder, and from the
# ids anybody could count everybody's incidents.
ORDERINGS: dict[str, tuple[str, ...]] = {
    "-opened_at": ("-opened_at", "-ref"),
    "opened_at": ("opened_at", "ref"),
    "-severity": ("-severity", "-opened_at", "-ref"),
    "severity": ("severity", "opened_at", "ref"),
    # What is due first; where nothing is due comes last.
    "due_at": ("due_at", "ref"),
}
_FACET_KEYS = ", ".join(facet.key for facet in FACETS)


class TlpField(serializers.ChoiceField):
    """A sharing label, with or without `TLP:`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(TLP_CHOICES, **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the label's plain form. Raises ValidationError."""
        try:
            return parse_tlp(data).value
        except (ValueError, AttributeError, TypeError):
            message = f"This is not a TLP label; use {', '.join(Tlp)}."
            raise serializers.ValidationError(message) from None


class FactsField(serializers.DictField):
    """The facets of the taxonomy that are known."""

    default_error_messages: ClassVar[dict[str, Any]] = {"facet": "{problem}"}

    def to_internal_value(self, data: Any) -> dict[str, str | list[str]]:
        """Return the checked facets. Raises ValidationError."""
        try:
            return parse_facets(super().to_internal_value(data))
        except FacetError as error:
            self.fail("facet", problem=str(error).replace("facets.", "facts.", 1))


class AcknowledgementSerializer(serializers.Serializer[Any]):
    """One organisation has it; who exactly is for its own people alone."""

    organisation = serializers.CharField()
    at = serializers.DateTimeField()
    by = serializers.CharField(allow_null=True)
    via = serializers.CharField()
    ended_at = serializers.DateTimeField(allow_null=True)
    signed_at = serializers.DateTimeField(allow_null=True)
    signed_by_key = serializers.CharField(
        help_text="fingerprint of the person's key; empty: not signed"
    )


class ShareSerializer(serializers.Serializer[Any]):
    """One agency that sees, or saw, the incident."""

    agency = serializers.CharField(source="agency.slug")
    agency_name = serializers.CharField(source="agency.name")
    shared_at = serializers.DateTimeField()
    unshared_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class IncidentSerializer(serializers.Serializer[Any]):
    """An incident as one reader may see it."""

    ref = serializers.CharField()
    url = serializers.URLField(help_text="its page")
    title = serializers.CharField()
    description = serializers.CharField()
    category = serializers.ChoiceField(CATEGORY_CHOICES)
    severity = serializers.ChoiceField(SEVERITY_CHOICES)
    tlp = serializers.ChoiceField(TLP_CHOICES)
    status = serializers.ChoiceField(Status.choices)
    organisation = serializers.CharField(help_text="the owner's slug")
    organisation_name = serializers.CharField()
    shared_with = serializers.ListField(
        child=serializers.CharField(), help_text="slugs; an agency sees only its own"
    )
    is_danger = serializers.BooleanField(allow_null=True)
    facts = serializers.DictField()
    occurred_at = serializers.DateTimeField(allow_null=True)
    detected_at = serializers.DateTimeField(allow_null=True)
    aware_at = serializers.DateTimeField(allow_null=True)
    opened_at = serializers.DateTimeField()
    acknowledged_at = serializers.DateTimeField(
        allow_null=True, help_text="the owner's first"
    )
    acknowledgements = AcknowledgementSerializer(many=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    merged_into = serializers.CharField(allow_null=True)
    alert_count = serializers.IntegerField()
    open_alert_count = serializers.IntegerField()
    all_clear_at = serializers.DateTimeField(allow_null=True)
    flapping_since = serializers.DateTimeField(
        allow_null=True, help_text="while its alerts come and go too often"
    )
    reported_by = serializers.CharField(
        allow_null=True, help_text="for the owner's people"
    )
    source = serializers.CharField(  # type: ignore[assignment]  # declared fields leave the class
        allow_null=True, help_text="for the owner's people"
    )
    labels = serializers.DictField(allow_null=True, help_text="for the owner's people")


class ReceiptSerializer(serializers.Serializer[Any]):
    """The exact bytes that were recorded, to be checked later: sha256(0x00 || leaf)."""

    leaf = serializers.CharField(help_text="base64")
    leaf_hash = serializers.CharField(help_text="hex")
    url = serializers.URLField(
        help_text="the proof (`.tlog-proof`); 202 until the log has it, within seconds"
    )


class OpenedIncidentSerializer(IncidentSerializer):
    """A newly filed incident and its receipt."""

    receipt = ReceiptSerializer()
    clocks = serializers.ListField(
        child=serializers.DictField(), help_text="empty until it is routed"
    )
    clocks_url = serializers.URLField()


class AcknowledgedIncidentSerializer(IncidentSerializer):
    """An incident and the receipt of its acknowledgement."""

    receipt = ReceiptSerializer()


class TimelineItemSerializer(serializers.Serializer[Any]):
    """One step; `seq` counts the reader's own view from 1."""

    seq = serializers.IntegerField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    actor = serializers.DictField()
    summary = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]  # see `source` above
    erased = serializers.CharField(
        allow_blank=True, help_text="which values are erased, when, by which entry"
    )


class HappenedField(InstantField):
    """An instant at which something can have happened."""

    default_error_messages: ClassVar[dict[str, Any]] = {"range": "{remedy}"}

    def to_internal_value(self, value: Any) -> datetime:
        """Return the instant. Raises ValidationError for one that cannot be meant."""
        at = super().to_internal_value(value)
        if remedy := out_of_range(at, read_now()):
            self.fail("range", remedy=remedy)
        return at


class IncidentBody(StrictSerializer):
    """What is filed. Only the title, category and severity must be known."""

    title = serializers.CharField(max_length=300)
    description = serializers.CharField(
        default="", allow_blank=True, max_length=100_000
    )
    category = serializers.ChoiceField(CATEGORY_CHOICES)
    severity = serializers.ChoiceField(SEVERITY_CHOICES)
    tlp = TlpField(default=DEFAULT_TLP.value)
    is_danger = serializers.BooleanField(
        default=None, allow_null=True, help_text="is anyone in danger; null: not known"
    )
    occurred_at = HappenedField(default=None, allow_null=True)
    detected_at = HappenedField(default=None, allow_null=True)
    aware_at = HappenedField(default=None, allow_null=True)
    facts = FactsField(default=dict, help_text=f"facets: {_FACET_KEYS}")
    organisation = serializers.SlugField(
        default="", allow_blank=True, help_text="needed if you report for several"
    )


class ChoicesField(serializers.CharField):
    """One or more of some values, separated by commas."""

    def __init__(self, *, choices: tuple[str, ...], **options: Any) -> None:
        self.known = choices
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> list[str]:  # type: ignore[override]  # a list of texts
        """Return the values. Raises ValidationError."""
        # A plus sign in a query is a blank once it is decoded: AMBER+STRICT.
        words = str(data).strip().replace(" ", "+").split(",")
        values = [word.removeprefix("TLP:") for word in words if word]
        for value in values:
            if value not in self.known:
                message = f"{value!r} is not one of {', '.join(self.known)}."
                raise serializers.ValidationError(message)
        return values


class IncidentQuery(StrictSerializer):
    """How to narrow and order the list."""

    status = ChoicesField(choices=tuple(Status.values), required=False)
    severity = ChoicesField(
        choices=tuple(str(level) for level, _ in SEVERITY_CHOICES), required=False
    )
    category = ChoicesField(
        choices=tuple(code for code, _ in CATEGORY_CHOICES), required=False
    )
    tlp = ChoicesField(choices=tuple(tlp.value for tlp in Tlp), required=False)
    organisation = serializers.CharField(required=False, help_text="the owner's slug")
    q = serializers.CharField(
        required=False, max_length=200, help_text="words or a ref"
    )
    due_before = InstantField(
        required=False, help_text="a clock of your side is due before this instant"
    )
    ordering = serializers.ChoiceField(list(ORDERINGS), default="-opened_at")
