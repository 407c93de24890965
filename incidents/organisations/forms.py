"""Forms of a person's own account."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from incidents.organisations.tokens import Scope

_DAY: Final = timedelta(days=1)


class SignInForm(AuthenticationForm):
    """E-mail address and password."""

    error_messages = {
        "invalid_login": "This address and password do not belong together.",
        "inactive": "This account is switched off.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail address"
        self.fields["username"].widget = forms.EmailInput(
            attrs={"autofocus": "", "autocomplete": "username", "maxlength": 254}
        )


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(
        max_length=100,
        help_text="What it is for, so that you know which one to revoke.",
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=[(s.value, s.label.capitalize()) for s in Scope],
        initial=[Scope.READ.value],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label="Ends after",
        choices=[(30, "30 days"), (90, "90 days"), (365, "a year"), (0, "never")],
        coerce=int,
        initial=90,
    )

    def expires_at(self, now: datetime) -> datetime | None:
        """Return when the token ends. Requires that the form is valid."""
        days: int = self.cleaned_data["days"]
        return now + days * _DAY if days else None
