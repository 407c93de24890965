"""Forms of those who decide on mail, and of the address that it comes to."""

from typing import Any, Final

from django import forms

from incidents.incident.models import CATEGORY_CHOICES
from incidents.incident.severity import SEVERITY_CHOICES
from incidents.incident.tlp import DEFAULT_TLP, Tlp
from incidents.mail.review import ReportDraft
from incidents.mail.settling import MAX_TEXT

MAX_REASON: Final = 300
TLP_CHOICES: Final = [(tlp.value, f"{tlp.label}: {tlp.meaning}") for tlp in Tlp]
_DANGER: Final = {"yes": True, "no": False, "unknown": None}


class AcceptForm(forms.Form):
    """What a mail is filed as."""

    title = forms.CharField(label="Title", max_length=300)
    description = forms.CharField(
        label="What is known",
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    category = forms.ChoiceField(label="Closest category", choices=CATEGORY_CHOICES)
    severity = forms.TypedChoiceField(
        label="Severity", choices=SEVERITY_CHOICES, coerce=int
    )
    tlp = forms.ChoiceField(
        label="Who may know", choices=TLP_CHOICES, initial=DEFAULT_TLP.value
    )
    danger = forms.ChoiceField(
        label="Is anyone in danger",
        choices=[("unknown", "Not known yet"), ("yes", "Yes"), ("no", "No")],
        initial="unknown",
    )

    def draft(self) -> ReportDraft:
        """Return what was written. Requires that the form is valid."""
        said: dict[str, Any] = dict(self.cleaned_data)
        return ReportDraft(is_danger=_DANGER[said.pop("danger")], **said)


class AttachForm(forms.Form):
    """The incident that a mail belongs to."""

    incident = forms.CharField(
        label="Reference of the incident",
        max_length=30,
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off"}),
    )


class DiscardForm(forms.Form):
    """Why nothing is done about a mail."""

    reason = forms.CharField(label="Why", max_length=MAX_REASON)


class MailboxForm(forms.Form):
    """What a report by mail is filed as."""

    is_open = forms.BooleanField(label="Take mail", required=False)
    default_category = forms.ChoiceField(
        label="Category of a report", choices=CATEGORY_CHOICES
    )
    default_severity = forms.TypedChoiceField(
        label="Severity of a report",
        choices=SEVERITY_CHOICES,
        coerce=int,
        help_text="Nobody is asked when they write a mail. It can be changed afterwards.",
    )
    default_tlp = forms.ChoiceField(
        label="Who may know of a report", choices=TLP_CHOICES
    )
