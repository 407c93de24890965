"""Forms of holds and of erasure."""

from typing import Any

from django import forms

from incidents.custody.holds import MATTER_LENGTH
from incidents.custody.recipients import HOW_LENGTH
from incidents.custody.requests import BASIS_LENGTH
from incidents.incident.action_forms import ReasonForm


class _AboutForm(ReasonForm):
    """About an incident, or about a person by their address."""

    incident = forms.CharField(required=False, widget=forms.HiddenInput)
    person = forms.EmailField(
        label="Person",
        required=False,
        help_text="The address of somebody who is or was in your organisation.",
    )

    def __init__(self, *args: Any, ref: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["incident"].initial = ref
        if ref:
            del self.fields["person"]


class HoldForm(_AboutForm):
    """A hold to be placed."""

    matter = forms.CharField(
        max_length=MATTER_LENGTH, help_text="The case or the order it is kept for."
    )
    field_order = ("incident", "person", "matter", "reason")


class ToldForm(forms.Form):
    """How a recipient was told."""

    how = forms.CharField(max_length=HOW_LENGTH)


class ErasureForm(_AboutForm):
    """An erasure to be asked for."""

    basis = forms.CharField(
        label="Legal basis",
        max_length=BASIS_LENGTH,
        help_text="For example GDPR Article 17(1)(d). Both sides read it.",
    )
    field_order = ("incident", "person", "basis", "reason")
