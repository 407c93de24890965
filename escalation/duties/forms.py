"""The forms of the time record and of decisions."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms

from escalation.duties.anchor_reading import Written, read_written
from escalation.duties.anchor_words import WORDS
from escalation.duties.decisions import MAX_REASON as MAX_DECISION
from escalation.duties.instants import MAX_REASON, MAX_SOURCE
from escalation.duties.models import Verdict
from escalation.lawbook.registry import Registered
from escalation.regimes.anchors import AnchorError
from incidents.incident.times_form import zone_field

_HOW: Final = (
    "As 2026-11-20 14:05, or 2026-11-20 if only the day is known."
    " An offset such as +01:00 goes before the zone below."
)


def _needs(words: str) -> dict[str, str]:
    return {"required": words}


class NoteForm(forms.Form):
    """A candidate for an instant."""

    name = forms.ChoiceField(
        label="What happened then",
        error_messages=_needs("Choose which instant this is."),
        choices=[("", "Choose one"), *((n, words) for n, (words, _) in WORDS.items())],
    )
    at = forms.CharField(
        label="When",
        max_length=40,
        help_text=_HOW,
        error_messages=_needs("Write when it was, such as 2026-11-20 14:05."),
    )
    zone = zone_field()
    source = forms.CharField(
        label="Who or what says so",
        max_length=MAX_SOURCE,
        help_text="A person, a log, a message: so that others can check it.",
        error_messages=_needs("Name the person, log or message that says so."),
    )
    reason = forms.CharField(
        label="What else is to be said", max_length=MAX_REASON, required=False
    )
    confirm = forms.BooleanField(
        label="It is right although it is in the future, or before it happened",
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """Read the instant. Puts an error at it if it cannot be read."""
        cleaned: dict[str, Any] = super().clean() or {}
        if {"at", "zone", "name"} <= cleaned.keys():
            try:
                cleaned["written"] = self._read(cleaned)
            except AnchorError as error:
                self.add_error("at", error.remedy)
        return cleaned

    def _read(self, cleaned: Mapping[str, Any]) -> Written:
        text = cleaned["at"].strip()
        # A space before the time, as people write it, is none before an offset.
        return read_written(
            text.replace(" ", "T", 1).replace(" ", ""),
            name=cleaned["name"],
            zone=cleaned["zone"],
        )


class ChooseForm(forms.Form):
    """Under which regime a candidate counts, and why."""

    regime = forms.ChoiceField(label="It counts under")
    reason = forms.CharField(
        label="Why",
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages=_needs("Write why this one counts: the other stays on record."),
    )

    def __init__(
        self, *args: Any, regimes: Iterable[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["regime"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
        field.choices = list(regimes)


class WithdrawForm(forms.Form):
    """Why a candidate was wrong."""

    reason = forms.CharField(
        label="What was wrong with it",
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages=_needs("Write what was wrong with it: it stays on record."),
    )


class DecisionForm(forms.Form):
    """A verdict under one regime."""

    verdict = forms.ChoiceField(
        label="Must it be reported?",
        choices=[
            (Verdict.REPORTABLE, "Yes, reportable"),
            (Verdict.NOT_REPORTABLE, "No, not reportable"),
            (Verdict.UNDECIDED, "Not to be said yet"),
        ],
        widget=forms.RadioSelect,
        error_messages=_needs("Choose one of the three."),
    )
    limbs = forms.MultipleChoiceField(
        label="Conditions of the law that are met",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="For a yes: at least one.",
    )
    reason = forms.CharField(
        label="Why",
        max_length=MAX_DECISION,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Which facts it rests on. A no is read as carefully as a yes.",
        error_messages=_needs("Write which facts it rests on."),
    )
    review_on = forms.DateField(
        label="Look at it again on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Needed for a no: who decided is told in the morning of that day.",
    )

    def __init__(self, *args: Any, registered: Registered, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limbs = registered.regime.limbs
        field = self.fields["limbs"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  declared above
        field.choices = [(limb.id, f"{limb.text} ({limb.citation})") for limb in limbs]
        if not limbs:
            del self.fields["limbs"]
