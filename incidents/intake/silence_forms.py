"""The forms of silences and maintenance windows."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms

from incidents.incident.times_form import (
    LocalTimeField,
    to_instant,
    with_zone,
    zone_field,
)
from incidents.intake.maintenance import MAX_MINUTES, MaintenanceDraft
from incidents.intake.models import Source
from incidents.intake.recurrence import DAYS, RecurrenceError, weekly_cron
from incidents.intake.silence_models import Maintenance
from incidents.intake.silences import SilenceDraft
from incidents.intake.suppression import (
    AlertMatcher,
    MatcherError,
    matchers_to_body,
    parse_lines,
)
from incidents.organisations.models import Organisation

LENGTHS: Final = (
    (30, "30 minutes"),
    (60, "1 hour"),
    (4 * 60, "4 hours"),
    (12 * 60, "12 hours"),
    (24 * 60, "1 day"),
    (3 * 24 * 60, "3 days"),
    (7 * 24 * 60, "7 days"),
)
ANNOUNCED: Final = (
    (0, "at its end only"),
    (15, "15 minutes before, and at its end"),
    (60, "1 hour before, and at its end"),
    (24 * 60, "1 day before, and at its end"),
)
KINDS: Final = (
    ("once", "Once"),
    ("weekly", "At a time on weekdays"),
    ("cron", "By a cron expression"),
)
_DAY_NAMES: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _source_field() -> "forms.ModelChoiceField[Source]":
    return forms.ModelChoiceField(
        Source.objects.none(), required=False, empty_label="All sources"
    )


def _reason_field() -> forms.CharField:
    return forms.CharField(max_length=500, help_text="Whoever is on call reads it.")


class SilenceForm(forms.Form):
    """Hold back what is known for a while."""

    conditions = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One on each line, all must hold: cluster = a, severity <= 2, "
        "title =~ Disk.* or another label's name. Empty: every alert of the source.",
    )
    source = _source_field()
    minutes = forms.TypedChoiceField(
        label="For", choices=LENGTHS, coerce=int, initial=60
    )
    reason = _reason_field()
    announce_minutes = forms.TypedChoiceField(
        label="Tell me",
        choices=ANNOUNCED,
        coerce=int,
        initial=60,
        help_text="If it still holds alerts back that fire. "
        "Of a short silence the last quarter is the time before its end.",
    )
    starts_at = LocalTimeField(label="From", help_text="Empty: from now on.")
    zone = zone_field()

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_sources(self, organisation)

    def clean_conditions(self) -> tuple[AlertMatcher, ...]:
        """Read a condition from each line."""
        try:
            return parse_lines(self.cleaned_data["conditions"])
        except MatcherError as error:
            message = f"{str(error.value)[:80]!r}: {error.remedy}"
            raise forms.ValidationError(message) from None

    def draft(self, now: datetime) -> SilenceDraft:
        """Return what the form says. Requires that it is valid."""
        given = self.cleaned_data
        starts_at = to_instant(given["starts_at"], given["zone"]) or now
        return SilenceDraft(
            matchers=matchers_to_body(given["conditions"]),
            starts_at=starts_at,
            ends_at=max(starts_at, now) + timedelta(minutes=given["minutes"]),
            reason=given["reason"],
            source=given["source"],
            announce_minutes=given["announce_minutes"],
        )


class MaintenanceForm(forms.Form):
    """Plan work during which nobody is to be paged."""

    source = _source_field()
    reason = _reason_field()
    kind = forms.ChoiceField(
        label="When", choices=KINDS, initial="once", widget=forms.RadioSelect
    )
    minutes = forms.IntegerField(
        label="For so many minutes", min_value=1, max_value=MAX_MINUTES, initial=60
    )
    starts_at = LocalTimeField(label="Once: from")
    weekdays = forms.MultipleChoiceField(
        label="On weekdays: days",
        required=False,
        choices=list(zip(DAYS, _DAY_NAMES, strict=True)),
        widget=forms.CheckboxSelectMultiple,
    )
    time = forms.CharField(
        label="On weekdays: time", required=False, max_length=5, help_text="22:00"
    )
    cron = forms.CharField(
        label="Cron expression",
        required=False,
        max_length=100,
        help_text="Minute, hour, day, month, weekday: 0 22 * * 1",
    )
    zone = zone_field()
    slug = forms.SlugField(
        label="Short name",
        required=False,
        max_length=60,
        help_text="a-z, 0-9 and hyphens, for a configuration file. Empty: one is made.",
    )

    def __init__(
        self,
        *args: Any,
        organisation: Organisation,
        window: Maintenance | None = None,
        **kwargs: Any,
    ) -> None:
        if window is not None:
            kwargs["initial"] = _initial(window)
        super().__init__(*args, **kwargs)
        _offer_sources(self, organisation)
        if window is not None:
            del self.fields["slug"]
            _keep_zone(self)

    def clean(self) -> dict[str, Any]:
        """Read the times of the kind that was chosen."""
        given = self.cleaned_data
        if given.get("kind") == "once" and not given.get("starts_at"):
            self.add_error("starts_at", "Say when it begins.")
        if given.get("kind") == "cron" and not given.get("cron"):
            self.add_error("cron", "Write an expression.")
        if given.get("kind") == "weekly":
            try:
                given["cron"] = weekly_cron(given["weekdays"], given["time"])
            except RecurrenceError as error:
                self.add_error(error.field, error.remedy)
        return given

    def draft(self) -> MaintenanceDraft:
        """Return what the form says. Requires that it is valid."""
        given = self.cleaned_data
        told = {name: given[name] for name in ("reason", "source")}
        told["slug"] = given.get("slug", "")
        if given["kind"] != "once":
            times = {name: given[name] for name in ("cron", "zone", "minutes")}
            return MaintenanceDraft(**told, **times)
        starts_at = to_instant(given["starts_at"], given["zone"])
        length = timedelta(minutes=given["minutes"])
        ends_at = starts_at + length if starts_at else None
        return MaintenanceDraft(**told, starts_at=starts_at, ends_at=ends_at)


def _initial(window: Maintenance) -> dict[str, Any]:
    """Return the form's values of a window; its weekdays stand in the expression."""
    start, end = window.starts_at, window.ends_at
    told = {"source": window.source_id, "reason": window.reason}
    if window.cron:
        times = {"cron": window.cron, "minutes": window.minutes, "zone": window.zone}
        return {**told, **times, "kind": "cron"}
    minutes = int((end - start) / timedelta(minutes=1)) if start and end else None
    times = {"starts_at": start, "minutes": minutes, "zone": "UTC"}
    return {**told, **times, "kind": "once"}


def _keep_zone(form: forms.Form) -> None:
    """Offer the zone that is set, and do not choose the reader's own in its place."""
    field: Any = form.fields["zone"]
    field.widget.attrs.pop("data-local-zone", None)
    field.choices = with_zone(form.initial["zone"])


def _offer_sources(form: forms.Form, organisation: Organisation) -> None:
    field: Any = form.fields["source"]
    field.queryset = Source.objects.filter(organisation=organisation).order_by("name")
    field.label_from_instance = lambda source: source.name
