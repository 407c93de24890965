"""Forms of the ways in which a person can be reached."""

from typing import Any

from django import forms

from escalation.notifications.channels.registry import usable_choices
from incidents.models import Organisation, OrganisationKind, User


class ContactMethodForm(forms.Form):
    """A new way to reach the person; it is used once it is verified."""

    channel = forms.ChoiceField(choices=usable_choices)
    address = forms.CharField(
        max_length=500,
        help_text=(
            "An e-mail address; a phone number like +372 5550 1234; the id of a Slack "
            "channel or member; the https:// address of a webhook or of a Teams "
            "workflow; or the address that Apprise documents for a service."
        ),
    )
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(),
        label="For which organisation",
        to_field_name="slug",
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Organisation.objects.of(person).exclude(kind=OrganisationKind.PLATFORM)
        field = self.fields["organisation"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  declared above
        field.queryset = own
        if len(own) == 1:
            field.initial = own[0].slug
            field.widget = forms.HiddenInput()


class CodeForm(forms.Form):
    """The code that arrived."""

    code = forms.CharField(
        max_length=20,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autofocus": "",
                "inputmode": "numeric",
            }
        ),
        help_text="Six digits.",
    )
