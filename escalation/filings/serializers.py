"""Shapes of filings over REST."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from escalation.filings.listing import Row
from escalation.filings.models import FilingState, RecipientState
from escalation.filings.request_showing import shown_requests
from escalation.filings.sections import MAX_ANSWER, MAX_FIELD, MAX_REASON
from escalation.filings.showing import ShownFiling, ShownRecipient
from incidents.rest import InstantField, StrictSerializer


class RecipientSerializer(serializers.Serializer[Any]):
    """One authority that the filing goes to."""

    key = serializers.CharField(help_text="names it in a section's audience")
    name = serializers.CharField()
    agency = serializers.CharField(allow_null=True, help_text="slug; null: by hand")
    way = serializers.ChoiceField(choices=["here", "by_hand"])
    regime = serializers.CharField()
    regime_digest = serializers.CharField()
    stage = serializers.CharField()
    citation = serializers.CharField()
    verified_on = serializers.DateField()
    state = serializers.ChoiceField(choices=RecipientState.choices)
    version = serializers.IntegerField(allow_null=True, help_text="the newest sent")
    submitted_at = serializers.DateTimeField(
        allow_null=True, help_text="the first time"
    )
    resubmitted_at = serializers.DateTimeField(allow_null=True)
    due_operational = serializers.DateTimeField(allow_null=True)
    due_statutory_latest = serializers.DateTimeField(allow_null=True)
    is_late = serializers.BooleanField(allow_null=True)
    received_at = serializers.DateTimeField(allow_null=True)
    receipt_number = serializers.CharField()
    portal_reference = serializers.CharField()
    receipt_sha256 = serializers.CharField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)
    open_requests = serializers.IntegerField(help_text="that the lab has to answer")
    answer_due_at = serializers.DateTimeField(
        allow_null=True, help_text="of the open request that is due first"
    )


class SectionSerializer(serializers.Serializer[Any]):
    """One field and its answer."""

    field = serializers.CharField()
    answer = serializers.CharField()
    is_not_yet_known = serializers.BooleanField()
    reason = serializers.CharField()
    audience = serializers.ListField(child=serializers.CharField())


class MissingSerializer(serializers.Serializer[Any]):
    """A required answer that a recipient would not get."""

    recipient = serializers.CharField()
    field = serializers.CharField()
    why = serializers.CharField()


class RemarkSerializer(serializers.Serializer[Any]):
    """What an agency wants changed."""

    agency = serializers.CharField(source="organisation.slug")
    version = serializers.IntegerField(source="version.number")
    field = serializers.CharField(help_text="empty: the whole filing")
    text = serializers.CharField()
    written_at = serializers.DateTimeField()


class RequestStepSerializer(serializers.Serializer[Any]):
    """What became of a request after it was asked."""

    kind = serializers.CharField(help_text="moved, part (of the answer) or withdrawn")
    text = serializers.CharField()
    old_due_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True, help_text="from then on")
    written_at = serializers.DateTimeField()


class RequestSerializer(serializers.Serializer[Any]):
    """A request for information and its answer."""

    agency = serializers.CharField(source="organisation.slug")
    part = serializers.CharField(
        source="row.recipient.key", help_text="the key of the part that it is about"
    )
    number = serializers.IntegerField(source="row.number")
    text = serializers.CharField(source="row.text")
    due_at = serializers.DateTimeField(
        source="row.due_at", allow_null=True, help_text="null: without undue delay"
    )
    asked_at = serializers.DateTimeField(source="row.asked_at")
    answer = serializers.CharField(source="row.answer")
    answered_at = serializers.DateTimeField(source="row.answered_at", allow_null=True)
    withdrawn_at = serializers.DateTimeField(source="row.withdrawn_at", allow_null=True)
    is_late = serializers.BooleanField(
        allow_null=True, help_text="answered late, or not yet; null: without a date"
    )
    steps = RequestStepSerializer(many=True)


class FilingHeadSerializer(serializers.Serializer[Any]):
    """What names a filing and says how it stands."""

    ref = serializers.CharField()
    url = serializers.CharField()
    incident = serializers.CharField()
    organisation = serializers.CharField()
    state = serializers.ChoiceField(choices=FilingState.choices)
    tlp = serializers.CharField()
    amends = serializers.CharField(allow_null=True)


class FilingSerializer(FilingHeadSerializer):
    """A filing as your side sees it."""

    created_at = serializers.DateTimeField()
    version = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="of the canonical JSON of what you see")
    refusal = serializers.CharField(help_text="what the reviewer wants changed")
    sections = SectionSerializer(many=True)
    missing = MissingSerializer(many=True)
    recipients = RecipientSerializer(many=True)
    remarks = RemarkSerializer(many=True)
    requests = RequestSerializer(many=True)


class PunctualitySerializer(serializers.Serializer[Any]):
    """Reports and requests under one law in one quarter."""

    quarter = serializers.CharField(source="name")
    regime = serializers.CharField(source="regime_id")
    law = serializers.CharField(help_text="what the law is called")
    filed = serializers.IntegerField()
    on_time = serializers.IntegerField()
    late = serializers.IntegerField()
    undated = serializers.IntegerField(help_text="no date stood when it was filed")
    percent_on_time = serializers.IntegerField(allow_null=True)
    asked = serializers.IntegerField(
        help_text="requests for information, not withdrawn"
    )
    answered_on_time = serializers.IntegerField()
    answered_late = serializers.IntegerField(help_text="or not yet, and late")


class FilingRowSerializer(FilingHeadSerializer):
    """A filing in a list."""

    recipients = RecipientSerializer(many=True)


class NewRecipientBody(StrictSerializer):
    """Who is to get it, under which stage of which regime."""

    regime = serializers.CharField(max_length=60)
    stage = serializers.CharField(max_length=60)
    agency = serializers.SlugField(default="", allow_blank=True, help_text="here")
    name = serializers.CharField(
        default="", allow_blank=True, max_length=200, help_text="of one filed by hand"
    )


class SectionBody(StrictSerializer):
    """One field and its answer; without `audience` all recipients read it."""

    field = serializers.CharField(max_length=MAX_FIELD)
    answer = serializers.CharField(default="", allow_blank=True, max_length=MAX_ANSWER)
    is_not_yet_known = serializers.BooleanField(default=False)
    reason = serializers.CharField(default="", allow_blank=True, max_length=MAX_REASON)
    audience = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False
    )


class NewFilingBody(StrictSerializer):
    """A filing to begin. Without `sections` the answers are proposed."""

    recipients = NewRecipientBody(many=True)
    sections = SectionBody(many=True, required=False)
    amends = serializers.CharField(default="", allow_blank=True, max_length=20)


class VersionBody(StrictSerializer):
    """What the filing is to say."""

    based_on = serializers.IntegerField(
        min_value=1, max_value=32_767, help_text="the version that you began with"
    )
    sections = SectionBody(many=True)


class ReadVersionBody(StrictSerializer):
    """The version that you have read."""

    version = serializers.IntegerField(min_value=1, max_value=32_767)


class RefusalBody(ReadVersionBody):
    """What is to be changed."""

    reason = serializers.CharField(max_length=2_000)


class WithdrawBody(StrictSerializer):
    """Why."""

    reason = serializers.CharField(max_length=500)


class ByHandBody(StrictSerializer):
    """A multipart form with what the portal gave back."""

    recipient = serializers.CharField(max_length=60, help_text="its key")
    reference = serializers.CharField(max_length=200)
    submitted_at = InstantField()
    version = serializers.IntegerField(
        default=None,
        allow_null=True,
        min_value=1,
        max_value=32_767,
        help_text="the approved one that was filed; by default the newest by then",
    )
    file = serializers.FileField(max_length=255)


class AcceptBody(StrictSerializer):
    """A few words for the other side; `version`, if given, is the one that you have read."""

    version = serializers.IntegerField(
        default=None, allow_null=True, min_value=1, max_value=32_767
    )
    text = serializers.CharField(default="", allow_blank=True, max_length=5_000)


class RemarkBody(StrictSerializer):
    """A remark on one field."""

    field = serializers.CharField(max_length=MAX_FIELD)
    text = serializers.CharField(max_length=5_000)


class ReturnBody(StrictSerializer):
    """What is to be corrected; `version`, if given, is the one that you have read."""

    version = serializers.IntegerField(
        default=None, allow_null=True, min_value=1, max_value=32_767
    )
    text = serializers.CharField(max_length=5_000)
    remarks = RemarkBody(many=True, required=False)


class AskBody(StrictSerializer):
    """A request for information."""

    text = serializers.CharField(max_length=5_000)
    due_at = InstantField(default=None, allow_null=True)


class AnswerRequestBody(StrictSerializer):
    """The lab's answer; `number`, `agency` and `part` say to which request."""

    number = serializers.IntegerField(min_value=1, max_value=32_767)
    agency = serializers.SlugField(default="", allow_blank=True)
    part = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=60,
        help_text="its key, if the agency has several parts",
    )
    text = serializers.CharField(max_length=5_000)
    is_partial = serializers.BooleanField(
        default=False,
        help_text="only a part: the request stays open, its clock runs on",
    )


class WithdrawRequestBody(StrictSerializer):
    """Which request of yours, and why no answer is wanted any more."""

    number = serializers.IntegerField(min_value=1, max_value=32_767)
    text = serializers.CharField(max_length=5_000)


class MoveRequestBody(WithdrawRequestBody):
    """Which request of yours, by when it is to be answered now, and why."""

    due_at = InstantField()


class TransferBody(StrictSerializer):
    """Where it goes: an agency here by its slug, or any authority by its name."""

    agency = serializers.SlugField(default="", allow_blank=True)
    name = serializers.CharField(default="", allow_blank=True, max_length=200)
    legal_basis = serializers.CharField(max_length=300)
    reason = serializers.CharField(max_length=5_000)
    risks = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=5_000,
        help_text="considered; your agency's own",
    )


def render_filing(shown: ShownFiling, *, absolute: Any, now: datetime) -> Any:
    """Return the body of one filing."""
    filing, version = shown.seen.filing, shown.version
    return {
        "ref": filing.ref,
        "url": absolute(filing.get_absolute_url()),
        "incident": filing.incident.ref,
        "organisation": filing.organisation.slug,
        "state": filing.state if shown.seen.is_own else FilingState.SUBMITTED,
        "tlp": filing.tlp,
        "amends": shown.amends.ref if shown.amends else None,
        "created_at": filing.created_at if shown.seen.is_own else _first_sent(shown),
        "version": version.number,
        "sha256": shown.sha256,
        "refusal": version.refusal if shown.seen.is_own else "",
        "sections": [one.section.to_body() for one in shown.sections],
        "missing": shown.missing,
        "recipients": [render_recipient(one) for one in shown.recipients],
        "remarks": shown.remarks,
        "requests": shown_requests(shown.requests, now=now),
    }


def render_row(row: Row, *, absolute: Any) -> dict[str, Any]:
    """Return the body of a filing in a list."""
    filing = row.filing
    return {
        "ref": filing.ref,
        "url": absolute(filing.get_absolute_url()),
        "incident": filing.incident.ref,
        "organisation": filing.organisation.slug,
        "state": filing.state if row.is_own else FilingState.SUBMITTED,
        "tlp": filing.tlp,
        "amends": row.amends.ref if row.amends else None,
        "recipients": [render_recipient(one) for one in row.recipients],
    }


def render_recipient(shown: ShownRecipient) -> dict[str, Any]:
    """Return the body of one recipient."""
    row = shown.row
    return {
        "key": row.key,
        "name": row.name,
        "agency": row.agency.slug if row.agency else None,
        "way": row.way,
        "regime": row.regime_id,
        "regime_digest": row.regime_digest,
        "stage": row.stage,
        "citation": shown.stage.citation,
        "verified_on": shown.regime.verified_on,
        "state": row.state,
        "version": row.version.number if row.version else None,
        "submitted_at": row.submitted_at,
        "resubmitted_at": row.resubmitted_at,
        "due_operational": row.due_operational,
        "due_statutory_latest": row.due_statutory_latest,
        "is_late": shown.is_late,
        "received_at": row.received_at,
        "receipt_number": row.receipt_number,
        "portal_reference": row.portal_reference,
        "receipt_sha256": row.receipt.sha256 if row.receipt else None,
        "settled_at": row.settled_at,
        "open_requests": shown.waiting.count,
        "answer_due_at": shown.waiting.due_at,
    }


def _first_sent(shown: ShownFiling) -> Any:
    sent = (one.row.submitted_at for one in shown.recipients)
    return min(at for at in sent if at)
