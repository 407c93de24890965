"""The form of a retention schedule."""

from collections.abc import Sequence
from typing import Any

from django import forms

from incidents.organisations.models import Organisation
from incidents.retention.classes import ValueClass
from incidents.retention.schedules import LEAST_DAYS, MOST_DAYS


class ScheduleForm(forms.Form):
    """How long one class of values is kept."""

    organisation = forms.ChoiceField(required=False)
    of = forms.ChoiceField(label="What", choices=ValueClass.choices)
    keep_days = forms.IntegerField(
        label="Days",
        required=False,
        min_value=LEAST_DAYS,
        max_value=MOST_DAYS,
        help_text="After the closing of the incident; without one, after the entry."
        " Empty: for ever.",
    )

    def __init__(
        self, *args: Any, sides: Sequence[Organisation] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["organisation"]
        chosen.choices = [(side.slug, side.name) for side in sides]
        if len(sides) <= 1:
            del self.fields["organisation"]
