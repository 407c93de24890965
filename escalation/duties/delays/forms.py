"""The forms of notices of delay and of extensions."""

from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from escalation.duties.delays.law import MAX_TEXT
from escalation.duties.delays.notices import MAX_REFERENCE
from escalation.regimes.regime import Grant
from incidents.incident.times_form import LocalTimeField, to_instant, zone_field

BY_HAND: Final = ""


def _area(rows: int = 3) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class _Timed(forms.Form):
    """A form whose local times are instants once it is read."""

    instants: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any]:
        """Make instants of the local times."""
        given: dict[str, Any] = super().clean() or {}
        zone = given.pop("zone", "UTC")
        for name in self.instants:
            given[name] = to_instant(given.get(name), zone)
        return given


class NoticeForm(_Timed):
    """To whom it is told that a limit cannot be met, why, and what to expect."""

    instants = ("expected_at", "notified_at")

    agency = forms.ChoiceField(label="To", required=False)
    reasons = forms.CharField(
        label="Reasons for the delay", max_length=MAX_TEXT, widget=_area()
    )
    expected_at = LocalTimeField(
        label="When the report is to be expected", required=True
    )
    zone = zone_field()
    authority = forms.CharField(
        label="By hand: to which authority", max_length=MAX_REFERENCE, required=False
    )
    reference = forms.CharField(
        label="By hand: its reference",
        max_length=MAX_REFERENCE,
        required=False,
        help_text="Of the letter, the call or the portal.",
    )
    notified_at = LocalTimeField(label="By hand: when it was told")

    def __init__(
        self, *args: Any, agencies: Iterable[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        _offer(
            self, "agency", [*agencies, (BY_HAND, "Another authority, told by hand")]
        )


class RecordForm(forms.Form):
    """What another authority determined."""

    days = forms.IntegerField(label="Days more", min_value=1)
    determined_on = forms.DateField(
        label="Date of its determination",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = forms.CharField(
        label="What it says, and why", max_length=MAX_TEXT, widget=_area()
    )
    file = forms.FileField(label="Its document", max_length=255)

    def __init__(self, *args: Any, grant: Grant | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = grant.days if grant else 0
        most = f"At most {days}, counted" if days else "Counted"
        self.fields["days"].help_text = f"{most} from when it is due now."
        limit = filesizeformat(settings.MAX_ATTACHMENT_BYTES)
        self.fields[
            "file"
        ].help_text = f"Kept with its SHA-256, up to {limit}. Only your side sees it."


class AskForm(_Timed):
    """Of whom more time is asked, until when, and why."""

    instants = ("until",)

    agency = forms.ChoiceField(label="Of")
    until = LocalTimeField(label="Until", required=True)
    zone = zone_field()
    reason = forms.CharField(label="Why", max_length=MAX_TEXT, widget=_area())

    def __init__(
        self, *args: Any, agencies: Iterable[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "agency", list(agencies))


class GrantForm(_Timed):
    """Until when more time is given."""

    instants = ("until",)

    until = LocalTimeField(label="Until", required=True)
    zone = zone_field()
    text = forms.CharField(label="In which words", max_length=MAX_TEXT, widget=_area(2))


class RefuseForm(forms.Form):
    """Why no more time is given."""

    text = forms.CharField(label="Why not", max_length=MAX_TEXT, widget=_area(2))


class WithdrawExtensionForm(forms.Form):
    """Why it is taken back."""

    reason = forms.CharField(
        label="What was wrong with it", max_length=MAX_TEXT, widget=_area(2)
    )


def _offer(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
    field.choices = choices
