"""The form of a heartbeat monitor."""

from typing import Any

from django import forms

from incidents.incident.severity import SEVERITY_CHOICES
from incidents.incident.taxonomy import CATEGORY_CHOICES
from incidents.incident.times_form import with_zone, zone_choices
from incidents.incident.tlp import Tlp
from incidents.intake.heartbeats.monitors import MAX_MINUTES, OPTIONS, HeartbeatDraft


class HeartbeatForm(forms.Form):
    """What must give a sign of life, and how often."""

    name = forms.CharField(max_length=200, help_text="Such as Nightly backup.")
    slug = forms.SlugField(
        label="Short name", max_length=60, help_text="a-z, 0-9 and hyphens"
    )
    period_minutes = forms.IntegerField(
        label="A sign every so many minutes",
        min_value=0,
        max_value=MAX_MINUTES,
        required=False,
        help_text="Empty when a cron expression says when.",
    )
    cron = forms.CharField(
        label="Or by a cron expression",
        max_length=100,
        required=False,
        help_text="Minute, hour, day, month, weekday: 0 2 * * *",
    )
    zone = forms.ChoiceField(
        label="Zone of the expression", choices=zone_choices, initial="UTC"
    )
    grace_minutes = forms.IntegerField(
        label="Minutes of grace", min_value=0, max_value=MAX_MINUTES, initial=5
    )
    severity = forms.TypedChoiceField(
        label="Severity of the incident",
        choices=SEVERITY_CHOICES,
        coerce=int,
        initial=2,
    )
    category = forms.ChoiceField(choices=CATEGORY_CHOICES, initial="AVL")
    tlp = forms.ChoiceField(
        label="TLP",
        choices=[(label.value, label.label) for label in Tlp],
        initial=Tlp.AMBER_STRICT.value,
    )
    is_enabled = forms.BooleanField(label="Watch it", required=False, initial=True)

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["slug"]
            zone: Any = self.fields["zone"]
            zone.choices = with_zone(self.initial["zone"])

    def clean_period_minutes(self) -> int:
        """Read an empty period as none."""
        return self.cleaned_data["period_minutes"] or 0

    def draft(self) -> HeartbeatDraft:
        """Return what the form says. Requires that it is valid."""
        return HeartbeatDraft(**{name: self.cleaned_data[name] for name in OPTIONS})
