"""The forms of an own regime and of the legal profile."""

from typing import Any, Final

from django import forms

from escalation.lawbook.editing import MAX_REASON, MAX_TEXT, RegimeDraft
from escalation.lawbook.limits import ENTITY
from escalation.lawbook.profile_editing import ProfileDraft, entities_of
from escalation.lawbook.profiles import Profile, Watched
from escalation.lawbook.registry import Known, Registered
from escalation.policies.models import Policy
from incidents.models import Organisation, User

_PARTS: Final = ("zone", "calendar", "entity")


class RegimeForm(forms.Form):
    """The text of an own regime, and why it is written."""

    text = forms.CharField(
        label="Text",
        max_length=MAX_TEXT,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 28, "spellcheck": "false", "class": "regime-text"}
        ),
        help_text="TOML, read as the files of the laws are: an unknown key is an error.",
    )
    reason = forms.CharField(
        label="Why",
        max_length=MAX_REASON,
        help_text="It stays beside the version.",
    )

    def draft(self, regime_id: str = "") -> RegimeDraft:
        """Return what was written. Requires that the form is valid."""
        given = self.cleaned_data
        return RegimeDraft(given["text"], given["reason"], regime_id)


class RetireForm(forms.Form):
    """Why a regime is taken out of use."""

    reason = forms.CharField(max_length=MAX_REASON)


class VersionsForm(forms.Form):
    """Two versions to compare."""

    from_version = forms.IntegerField(min_value=1, max_value=2**31 - 1)
    to_version = forms.IntegerField(min_value=1, max_value=2**31 - 1)


class ProfileForm(forms.Form):
    """Which laws an organisation is under, and who answers for them."""

    accountable = forms.ChoiceField(
        label="Accountable person",
        required=False,
        help_text="Is paged when a duty is about to be missed.",
    )
    deputy = forms.ChoiceField(required=False, help_text="Is paged beside them.")
    policy = forms.ChoiceField(
        label="Policy for warnings",
        required=False,
        help_text="Its steps run when a date comes near.",
    )

    def __init__(
        self, organisation: Organisation, known: Known, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.known = known
        people = User.objects.filter(
            memberships__organisation=organisation,
            memberships__ended_at=None,
            is_active=True,
        )
        names = [(one.email, str(one)) for one in people.distinct().order_by("name")]
        policies = Policy.objects.filter(organisation=organisation, archived_at=None)
        offered = [("", "only these two people are paged")]
        offered += policies.values_list("slug", "name")
        for field in ("accountable", "deputy"):
            self.fields[field].choices = [("", "nobody"), *names]  # type: ignore[attr-defined]  # a choice field
        self.fields["policy"].choices = offered  # type: ignore[attr-defined]  # a choice field
        for name, registered in known.items():
            self._add_regime(name, registered)

    def _add_regime(self, name: str, registered: Registered) -> None:
        regime = registered.regime
        self.fields[f"under-{name}"] = forms.BooleanField(
            label=regime.name, required=False
        )
        self.fields[f"zone-{name}"] = forms.CharField(
            label="Time zone",
            max_length=ENTITY,
            required=False,
            widget=forms.TextInput(attrs={"placeholder": regime.zone.key}),
        )
        self.fields[f"calendar-{name}"] = forms.CharField(
            label="Holidays of",
            max_length=ENTITY,
            required=False,
            widget=forms.TextInput(attrs={"placeholder": regime.calendar}),
        )
        if kinds := entities_of(regime):
            self.fields[f"entity-{name}"] = forms.ChoiceField(
                label="You are",
                choices=[("", "any other"), *((kind, kind) for kind in kinds)],
                required=False,
            )

    def people(self) -> list[forms.BoundField]:
        """Return the fields about people and paging."""
        return [self[name] for name in ("accountable", "deputy", "policy")]

    def laws(self) -> list[dict[str, Any]]:
        """Return each regime with its fields."""
        return [
            {
                "registered": registered,
                "under": self[f"under-{name}"],
                "is_special": any(
                    self[f"{part}-{name}"].value() or self[f"{part}-{name}"].errors
                    for part in _PARTS
                    if f"{part}-{name}" in self.fields
                ),
                "parts": [
                    self[f"{part}-{name}"]
                    for part in _PARTS
                    if f"{part}-{name}" in self.fields
                ],
            }
            for name, registered in self.known.items()
        ]

    def draft(self) -> ProfileDraft:
        """Return what was chosen. Requires that the form is valid."""
        given = self.cleaned_data
        regimes = {
            name: {part: given.get(f"{part}-{name}", "") for part in _PARTS}
            for name in self.known
            if given[f"under-{name}"]
        }
        return ProfileDraft(
            regimes, given["accountable"], given["deputy"], given["policy"]
        )

    def field_for(self, place: str) -> str | None:
        """Return the field that a mistake is about: `regimes.ID.zone` is that law's zone."""
        if place in self.fields:
            return place
        name, _, part = place.removeprefix("regimes.").rpartition(".")
        field = f"{part}-{name}"
        return field if field in self.fields else None


def initial_of(profile: Profile, **named: str) -> dict[str, Any]:
    """Return a profile as the form writes it; people and policy come as they are chosen."""
    found: dict[str, Any] = {**named}
    for name, watched in profile.regimes.items():
        found |= {f"under-{name}": True, **_parts(name, watched)}
    return found


def _parts(name: str, watched: Watched) -> dict[str, str]:
    return {f"{part}-{name}": getattr(watched, part) for part in _PARTS}
