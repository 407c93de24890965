"""The form of a working calendar: a line of times for each day, a line for each closure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from django import forms

from escalation.calendars.editing import CalendarDraft
from escalation.calendars.models import WorkingCalendar
from escalation.calendars.reading import DAYS

_NAMES: Final = (
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
_OPENING: Final = re.compile(r"(\d\d:\d\d)\s*(?:-|to|–)\s*(\d\d:\d\d)")  # noqa: RUF001
_CLOSURE: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:\s+(\d{4}-\d\d-\d\d))?\s+(\S.*)")


class CalendarForm(forms.Form):
    """When a desk works."""

    name = forms.CharField(max_length=200)
    slug = forms.SlugField(
        label="Name in policies", max_length=60, help_text="a-z, 0-9 and hyphens"
    )
    zone = forms.CharField(max_length=64, help_text="Such as Europe/Berlin.")
    holidays_of = forms.CharField(
        label="Public holidays of",
        max_length=12,
        required=False,
        help_text="A country or a part of one: DE, US-CA. Empty for none.",
    )
    closures = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One on each line: 2026-12-24 2026-12-31 Year's end",
    )

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["slug"]
        for day, name in zip(DAYS, _NAMES, strict=True):
            self.fields[day] = forms.CharField(
                label=name, required=False, max_length=200
            )
        self.fields[DAYS[0]].help_text = "09:00-12:00, 13:00-17:00. Empty: closed."
        self.order_fields(["name", "slug", "zone", *DAYS, "holidays_of", "closures"])

    def clean(self) -> dict[str, Any]:
        """Read the lines; each mistake is told at its field."""
        values = self.cleaned_data
        values["hours"] = {
            day: openings for day in DAYS if (openings := self._openings(day))
        }
        values["closures"] = self._closures()
        return values

    def draft(self) -> CalendarDraft:
        """Return what the form says. Requires that it is valid."""
        names = ("name", "zone", "hours", "holidays_of", "closures")
        return CalendarDraft(**{name: self.cleaned_data[name] for name in names})

    def _openings(self, day: str) -> list[list[str]]:
        found = []
        for part in filter(None, map(str.strip, self._text(day).split(","))):
            match = _OPENING.fullmatch(part)
            if match is None:
                self.add_error(day, f"{part!r}: write 09:00-17:00.")
                return []
            found.append([match.group(1), match.group(2)])
        return found

    def _closures(self) -> list[dict[str, str]]:
        found = []
        for line in filter(None, map(str.strip, self._text("closures").splitlines())):
            match = _CLOSURE.fullmatch(line)
            if match is None:
                message = f"{line[:80]!r}: write 2026-12-24 2026-12-31 and a name."
                self.add_error("closures", message)
                return []
            first, last, name = match.groups()
            found.append({"from": first, "to": last or first, "name": name})
        return found

    def _text(self, name: str) -> str:
        return str(self.cleaned_data.get(name) or "")


def initial_of(calendar: WorkingCalendar) -> Mapping[str, Any]:
    """Return a calendar as the form writes it."""
    hours = {
        day: ", ".join("-".join(opening) for opening in openings)
        for day, openings in calendar.hours.items()
    }
    closures = [f"{one['from']} {one['to']} {one['name']}" for one in calendar.closures]
    return {
        **hours,
        "name": calendar.name,
        "zone": calendar.zone,
        "holidays_of": calendar.holidays_of,
        "closures": "\n".join(closures),
    }
