"""The form in which a person says how a source's alerts become incidents."""

from collections.abc import Mapping
from typing import Any

from django import forms

from incidents.incident.severity import SEVERITY_CHOICES
from incidents.intake.handling import (
    MAX_EXPIRY_MINUTES,
    MAX_FLAP_CHANGES,
    MAX_FLAP_MINUTES,
    MAX_QUIET_HOURS,
    MAX_WINDOW_MINUTES,
)
from incidents.intake.models import Source


class HandlingForm(forms.Form):
    """How the alerts of a source become incidents."""

    default_severity = forms.TypedChoiceField(
        label="Severity of an alert that says none",
        choices=SEVERITY_CHOICES,
        coerce=int,
    )
    severity_map = forms.CharField(
        label="The tool's words for severity",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One on each line: warning = 1. Other words mean what they usually do.",
    )
    group_by = forms.CharField(
        label="One incident for all alerts with the same",
        required=False,
        max_length=2_000,
        help_text="Names of labels, with commas: cluster, alertname. Empty: as the tool groups.",
    )
    group_window_minutes = forms.IntegerField(
        label="An incident takes new alerts for so many minutes after its last one",
        min_value=0,
        max_value=MAX_WINDOW_MINUTES,
        help_text="0: as long as it is open.",
    )
    expires_after_minutes = forms.IntegerField(
        label="An alert ends after so many minutes without word of it",
        min_value=0,
        max_value=MAX_EXPIRY_MINUTES,
        help_text="0: never. For tools that do not say when an alert has ended.",
    )
    flap_changes = forms.IntegerField(
        label="An alert flaps that changes so many times",
        min_value=0,
        max_value=MAX_FLAP_CHANGES,
        help_text="0: never. Its incident then stays one, and its changes page nobody.",
    )
    flap_minutes = forms.IntegerField(
        label="Within so many minutes",
        min_value=1,
        max_value=MAX_FLAP_MINUTES,
        help_text="It ends after as many minutes without a change.",
    )
    quiet_after_hours = forms.IntegerField(
        label="Open an incident when nothing has come for so many hours",
        min_value=0,
        max_value=MAX_QUIET_HOURS,
        help_text="0: never. It resolves once the tool posts again, if nobody has touched it.",
    )
    resolves_incidents = forms.BooleanField(
        label="Resolve an incident when its last alert clears and nobody has touched it",
        required=False,
    )

    def clean_severity_map(self) -> dict[str, int]:
        """Read a line for each word."""
        return read_levels(self.cleaned_data["severity_map"])

    def clean_group_by(self) -> list[str]:
        """Read the names between the commas."""
        parts = self.cleaned_data["group_by"].split(",")
        return [part.strip() for part in parts if part.strip()]


def initial_of(source: Source) -> dict[str, Any]:
    """Return how the source is handled, as the form writes it."""
    return {
        "default_severity": source.default_severity,
        "severity_map": write_levels(source.severity_map),
        "group_by": ", ".join(source.group_by),
        "group_window_minutes": source.group_window_minutes,
        "expires_after_minutes": source.expires_after_minutes,
        "flap_changes": source.flap_changes,
        "flap_minutes": source.flap_minutes,
        "quiet_after_hours": source.quiet_after_hours,
        "resolves_incidents": source.resolves_incidents,
    }


def read_levels(text: str) -> dict[str, int]:
    """Return the tool's words with our levels, a line for each. Raises ValidationError."""
    table: dict[str, int] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, level = line.rpartition("=")
        if not word.strip() or not level.strip().isdecimal():
            message = f"{line[:80]!r}: write a word, = and a number from 0 to 5."
            raise forms.ValidationError(message)
        table[word.strip()] = int(level)
    return table


def write_levels(levels: Mapping[str, int]) -> str:
    """Return a line for each of the tool's words."""
    return "\n".join(f"{word} = {level}" for word, level in levels.items())
