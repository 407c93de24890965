"""Read instants from a form: a local date and time, in a zone that the reader names."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms


class LocalTimeField(forms.DateTimeField):
    """A date and time without a zone; `to_instant` adds the form's zone."""

    widget = forms.DateTimeInput(
        attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
    )

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        super().__init__(**options)

    def to_python(self, value: Any) -> datetime | None:
        """Return the naive wall-clock time."""
        moment = super().to_python(value)
        return moment.replace(tzinfo=None) if moment else None


def zone_field() -> forms.ChoiceField:
    """Return the field for the zone in which a form's times are meant."""
    return forms.ChoiceField(
        choices=zone_choices,
        initial="UTC",
        label="Times on this form are in",
        help_text="All times are kept and shown in UTC.",
        widget=forms.Select(attrs={"data-local-zone": "", "autocomplete": "off"}),
    )


@cache
def zone_choices() -> list[tuple[str, str]]:
    """Return UTC and the zones of the world by region and city."""
    regions = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe")
    names = [
        name
        for name in available_timezones()
        if name.startswith((*(f"{region}/" for region in regions), "Pacific/"))
    ]
    return [("UTC", "UTC"), *((n, n.replace("_", " ")) for n in sorted(names))]


def with_zone(zone: str) -> list[tuple[str, str]]:
    """Return the choices with a zone that was set elsewhere and may not be one of them."""
    choices = zone_choices()
    return choices if zone in dict(choices) else [(zone, zone), *choices]


def to_instant(moment: datetime | None, zone: str) -> datetime | None:
    """Return the instant of a wall-clock time in a zone, in UTC."""
    if moment is None:
        return None
    return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
