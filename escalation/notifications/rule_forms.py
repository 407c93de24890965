"""The form in which a person says how they want to be paged."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms

from escalation.notifications.channels.registry import CHANNELS
from escalation.notifications.models import ContactMethod, NotificationRules
from escalation.notifications.rule_reading import (
    MAX_DELAY_MINUTES,
    MAX_DIGEST_AFTER,
    MAX_DIGEST_MINUTES,
)
from escalation.notifications.rules import DAYS, DIGEST_AFTER, DIGEST_MINUTES

SETS: Final = ("normal", "urgent")
_DAY_CHOICES: Final = [(day, day.capitalize()) for day in DAYS]
_TIME_WIDGET: Final = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class RulesForm(forms.Form):
    """Minutes for each contact method, twice; quiet hours; the digest."""

    zone = forms.ChoiceField(label="Your time zone")
    quiet_from = forms.TimeField(
        required=False, label="Quiet from", widget=_TIME_WIDGET
    )
    quiet_to = forms.TimeField(required=False, label="Quiet to", widget=_TIME_WIDGET)
    quiet_days = forms.MultipleChoiceField(
        required=False,
        label="Quiet hours begin on",
        choices=_DAY_CHOICES,
        widget=forms.CheckboxSelectMultiple,
    )
    digest_after = forms.IntegerField(
        label="Gather further pages after",
        min_value=0,
        max_value=MAX_DIGEST_AFTER,
        help_text="Pages to one address. 0: never gather.",
    )
    digest_minutes = forms.IntegerField(
        label="within minutes", min_value=1, max_value=MAX_DIGEST_MINUTES
    )

    def __init__(self, *args: Any, methods: Sequence[ContactMethod], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.methods = methods
        zone = self.fields["zone"]
        assert isinstance(zone, forms.ChoiceField)  # noqa: S101  declared above
        zone.choices = [(name, name) for name in sorted(available_timezones())]
        for name, method in self._minutes():
            self.fields[name] = forms.IntegerField(
                required=False, min_value=0, max_value=MAX_DELAY_MINUTES
            )
            channel, which = CHANNELS[method.channel].label, name.partition("_")[0]
            self.fields[name].widget.attrs["aria-label"] = (
                f"{which} pages, minutes until {channel} {method.address}"
            )

    def lines(self) -> list[dict[str, Any]]:
        """Return the rows of the table of minutes: method and its two fields."""
        return [
            {
                "channel": CHANNELS[method.channel].label,
                "method": method,
                "normal": self[f"normal_{method.pk}"],
                "urgent": self[f"urgent_{method.pk}"],
            }
            for method in self.methods
        ]

    def others(self) -> list[forms.BoundField]:
        """Return the fields below the table."""
        return [self[name] for name in self.base_fields]

    def body(self) -> dict[str, Any]:
        """Return what `read_rules` reads. Requires a valid form."""
        said = self.cleaned_data
        start, end = said["quiet_from"], said["quiet_to"]
        quiet = {
            "from": f"{start:%H:%M}" if start else "",
            "to": f"{end:%H:%M}" if end else "",
            "days": said["quiet_days"] or list(DAYS),
        }
        return {
            **{which: self._list(which) for which in SETS},
            "zone": said["zone"],
            "quiet": quiet if start or end else None,
            "digest_after": said["digest_after"],
            "digest_minutes": said["digest_minutes"],
        }

    def _minutes(self) -> Iterator[tuple[str, ContactMethod]]:
        for method in self.methods:
            for which in SETS:
                yield f"{which}_{method.pk}", method

    def _list(self, which: str) -> list[dict[str, Any]]:
        said = [(m.slug, self.cleaned_data[f"{which}_{m.pk}"]) for m in self.methods]
        lines = [
            {"method": slug, "after_minutes": minutes}
            for slug, minutes in said
            if minutes is not None
        ]
        return sorted(lines, key=lambda line: line["after_minutes"])


def rules_initial(
    row: NotificationRules | None, methods: Sequence[ContactMethod]
) -> dict[str, Any]:
    """Return the form's first values; without rules they say what happens then."""
    if row is None:
        return {
            "zone": "UTC",
            "quiet_days": list(DAYS),
            "digest_after": DIGEST_AFTER,
            "digest_minutes": DIGEST_MINUTES,
        }
    quiet = row.quiet or {}
    pks = {method.slug: method.pk for method in methods}
    minutes = {
        f"{which}_{pks[line['method']]}": line["after_minutes"]
        for which, lines in (("normal", row.normal), ("urgent", row.urgent))
        for line in lines
        if line["method"] in pks
    }
    return {
        **minutes,
        "zone": row.zone,
        "quiet_from": quiet.get("from"),
        "quiet_to": quiet.get("to"),
        "quiet_days": quiet.get("days", list(DAYS)),
        "digest_after": row.digest_after,
        "digest_minutes": row.digest_minutes,
    }
