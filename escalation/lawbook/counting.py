"""The small calculator beside a law: when each of its reports would be due."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django import forms

from escalation.lawbook.profile_editing import entities_of
from escalation.lawbook.profiles import Watched
from escalation.regimes.anchors import AnchorError
from escalation.regimes.asking import Answer, Question, answer
from escalation.regimes.deadlines import DueStatus
from escalation.regimes.regime import Regime
from escalation.regimes.words import after_words, anchors_of, names_of

_PREFIX: Final = "anchor-"
_LONGEST: Final = 60
_FROM: Final = re.compile(r"from ([a-z_:]+)")


class CountForm(forms.Form):
    """Instants as people write them, and where they are read."""

    def __init__(self, regime: Regime, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.regime = regime
        names = names_of(regime)
        for name in anchors_of(regime):
            words = after_words(name, names)
            self.fields[field_of(name)] = forms.CharField(
                label=words[:1].upper() + words[1:],
                max_length=_LONGEST,
                required=False,
                widget=forms.TextInput(attrs={"placeholder": "2026-12-24T23:30"}),
            )
        self.fields["zone"] = forms.CharField(
            label="Time zone",
            max_length=_LONGEST,
            required=False,
            help_text=f"Empty: {regime.zone.key}",
        )
        self.fields["calendar"] = forms.CharField(
            label="Holidays of",
            max_length=_LONGEST,
            required=False,
            help_text=f"Empty: {regime.calendar}",
        )
        if kinds := entities_of(regime):
            offered = [("", "any other"), *((kind, kind) for kind in kinds)]
            self.fields["entity"] = forms.ChoiceField(
                label="You are", choices=offered, required=False
            )

    def question(self) -> Question:
        """Return what was asked. Requires that the form is valid."""
        given = self.cleaned_data
        anchors = [
            (name, text)
            for name in anchors_of(self.regime)
            if (text := given[field_of(name)].strip())
        ]
        entity = given.get("entity", "")
        return Question(
            anchors, given["zone"].strip(), given["calendar"].strip(), entity
        )


@dataclass(frozen=True, slots=True)
class CountedStage:
    """When one report would be due, in words."""

    name: str
    status: str
    due: str = ""
    due_utc: str = ""
    latest: str = ""
    waiting_for: str = ""
    notes: tuple[str, ...] = ()


def initial_of(watched: Watched) -> dict[str, str]:
    """Return what the reader's profile says about where clocks are read."""
    return {
        "zone": watched.zone,
        "calendar": watched.calendar,
        "entity": watched.entity,
    }


def is_asked(regime: Regime, query: Mapping[str, str]) -> bool:
    """Tell whether the address asks for anything."""
    return any(query.get(field_of(name)) for name in anchors_of(regime))


def count_all(form: CountForm) -> list[CountedStage]:
    """Count every report of a regime; what cannot be read is told at its field."""
    if not form.is_valid():
        return []
    question, names = form.question(), names_of(form.regime)
    try:
        return [
            _counted(stage.name, answer(form.regime, stage, question), names)
            for stage in form.regime.stages
        ]
    except AnchorError as error:
        place = field_of(error.field.removeprefix("anchor "))
        known = place if place in form.fields else error.field
        form.add_error(known if known in form.fields else None, error.remedy)
        return []


def field_of(anchor: str) -> str:
    """Return the name of an anchor's field."""
    return _PREFIX + anchor.replace(":", "-")


def _counted(name: str, one: Answer, names: Mapping[str, str]) -> CountedStage:
    found = one.found
    has_date = found.status == DueStatus.DUE
    waiting = [after_words(anchor, names) for anchor in found.waiting_for]
    return CountedStage(
        name=name,
        status=found.status,
        due=_local(found.due_operational),
        due_utc=_utc(found.due_operational),
        latest=_local(found.due_statutory_latest),
        waiting_for="" if has_date and found.due_operational else ", ".join(waiting),
        # What was taken for granted about an instant matters where it gave a date.
        notes=(_rule(found.rule, names), *one.flags) if has_date else found.flags,
    )


def _rule(rule: str, names: Mapping[str, str]) -> str:
    """Return by which count it is due, as people say it; the law's rule stands above."""
    count, _, _ = rule.partition(", statutory: ")
    return _FROM.sub(lambda found: f"after {after_words(found[1], names)}", count)


def _local(at: datetime | None) -> str:
    return f"{at:%a %-d %b %Y, %H:%M:%S} {at.tzname()}" if at else ""


def _utc(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%-d %b, %H:%M:%S} UTC" if at else ""
