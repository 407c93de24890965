"""Forms of what a person does to an escalation path on the incident's page."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms

from escalation.policies.targets import Target
from incidents.models import Organisation, User

SNOOZES: Final = (
    (30, "30 minutes"),
    (60, "1 hour"),
    (240, "4 hours"),
    (720, "12 hours"),
)


class ReassignForm(forms.Form):
    """Who gets it, and why."""

    to = forms.ChoiceField(label="Give it to")
    reason = forms.CharField(max_length=300, label="Why")

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(
            memberships__organisation=organisation,
            memberships__ended_at=None,
            is_active=True,
        ).distinct()
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
        field.choices = [
            *(
                (f"team:{team.slug}", f"{team.name} (team)")
                for team in organisation.teams.all()
            ),
            *(
                (f"user:{person.email}", str(person))
                for person in people.order_by("email")
            ),
        ]

    @property
    def target(self) -> Target:
        """Return whom was chosen. Requires the form to be valid."""
        kind, _, value = self.cleaned_data["to"].partition(":")
        return Target("team" if kind == "team" else "user", value)


class SnoozeForm(forms.Form):
    """For how long, and why."""

    minutes = forms.TypedChoiceField(coerce=int, choices=SNOOZES, label="For")
    reason = forms.CharField(max_length=300, label="Why")

    def until(self, now: datetime) -> datetime:
        """Return when it ends. Requires the form to be valid."""
        return now + timedelta(minutes=self.cleaned_data["minutes"])


class PassOnForm(forms.Form):
    """What the reader sees that they pass on, and why, which may be left out."""

    run = forms.UUIDField(required=False, widget=forms.HiddenInput)
    step = forms.CharField(required=False, widget=forms.HiddenInput)
    round = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(max_length=300, required=False, label="Why, if you like")
