"""The form of an authority that stamps the time."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from escalation.stamps.editing import (
    MAX_MINUTES,
    MAX_PEM,
    MIN_MINUTES,
    AuthorityDraft,
    draft_of,
)
from incidents.stamping.models import TimeStampAuthority

_UNTRIED: Final = "Save without asking it now"


class AuthorityForm(forms.Form):
    """Who is to stamp, where and how it is asked, and by what it is verified."""

    slug = forms.SlugField(
        label="Name", max_length=60, help_text="a-z, 0-9 and hyphens"
    )
    address = forms.CharField(
        max_length=500, help_text="Where questions after RFC 3161 are posted."
    )
    certificates = forms.CharField(
        max_length=MAX_PEM,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text="The authority's root in PEM, and those between, from its own papers.",
    )
    policy = forms.CharField(
        max_length=200,
        required=False,
        help_text="A number with dots. Empty: whatever it stamps by usually.",
    )
    username = forms.CharField(
        label="User", max_length=200, required=False, help_text="Empty: none is asked."
    )
    password = forms.CharField(
        max_length=200,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Kept encrypted and never shown. Empty: the present one stays.",
    )
    every_minutes = forms.IntegerField(
        label="Minutes between stamps",
        min_value=MIN_MINUTES,
        max_value=MAX_MINUTES,
        initial=60,
    )
    is_active = forms.BooleanField(label="It stamps", required=False, initial=True)
    is_untried = forms.BooleanField(
        label=_UNTRIED,
        required=False,
        help_text="Otherwise it is asked for a stamp, which has to be verified.",
    )

    def draft(self) -> AuthorityDraft:
        """Return the authority."""
        return AuthorityDraft(**self._values())

    def is_tried(self) -> bool:
        """Tell whether it is to be asked before it is saved."""
        return not self.cleaned_data["is_untried"]

    def changes(self) -> Mapping[str, Any]:
        """Return all but the name, which stays."""
        values = self._values()
        values.pop("slug", None)
        return values

    def _values(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        values.pop("is_untried")
        return values


class AuthorityChangeForm(AuthorityForm):
    """The same for one that is there."""

    slug = None  # type: ignore[assignment]  # Django's way to leave a field out

    @staticmethod
    def initial_of(row: TimeStampAuthority) -> dict[str, Any]:
        """Return what stands there now, without the password."""
        draft = draft_of(row)
        names = ("address", "certificates", "policy", "username", "every_minutes")
        values = {name: getattr(draft, name) for name in names}
        return {**values, "is_active": row.is_active}
