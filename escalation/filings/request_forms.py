"""Forms on requests for information: another date, a withdrawal, an answer."""

from collections.abc import Sequence
from typing import Any

from django import forms

from escalation.filings.exchange_models import FilingRequest
from escalation.filings.receiving import MAX_TEXT
from incidents.incident.times_form import LocalTimeField, to_instant, zone_field


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class OpenRequestForm(forms.Form):
    """Says which of the open requests is meant."""

    request = forms.TypedChoiceField(label="Which request", coerce=int)

    def __init__(
        self, *args: Any, requests: Sequence[FilingRequest], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [
            (one.pk, f"{one.organisation}, {one.number}: {one.text[:80]}")
            for one in requests
        ]
        field = self.fields["request"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
        field.choices = choices


class MoveRequestForm(OpenRequestForm):
    """Another date for the answer."""

    due_at = LocalTimeField(label="Answer by", required=True)
    zone = zone_field()
    text = forms.CharField(
        label="Why",
        max_length=MAX_TEXT,
        widget=_area(2),
        help_text="The lab reads it.",
    )

    def clean(self) -> dict[str, Any]:
        """Make an instant of the local time."""
        given: dict[str, Any] = super().clean() or {}
        given["due_at"] = to_instant(given.get("due_at"), given.pop("zone", "UTC"))
        return given


class WithdrawRequestForm(OpenRequestForm):
    """Why no answer is wanted any more."""

    text = forms.CharField(
        label="Why",
        max_length=MAX_TEXT,
        widget=_area(2),
        help_text="The lab reads it.",
    )


class AnswerForm(OpenRequestForm):
    """The lab's answer to one request, or a part of it."""

    text = forms.CharField(label="Answer", max_length=MAX_TEXT, widget=_area(3))
    is_partial = forms.BooleanField(
        label="This is only a part: more follows",
        required=False,
        help_text="A part is no answer: the clock runs on.",
    )
