"""The form in which a version of a filing is written, and how a conflict comes back."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from django import forms

from escalation.filings.merging import Merged, merge_sections
from escalation.filings.models import FilingRecipient
from escalation.filings.sections import (
    MAX_ANSWER,
    MAX_FIELD,
    MAX_REASON,
    MAX_SECTIONS,
    Section,
    read_sections,
)
from escalation.filings.showing import ShownFiling, ShownSection

_FIELD: Final = re.compile(r"field-(\d{1,3})")


class VersionForm(forms.Form):
    """What a filing says: for each section an answer, or that it is not yet known.

    `sections` are those of the version that it is based on; `own` are further ones that
    its writer has added, without any there is an empty one to fill in.
    """

    based_on = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def __init__(
        self,
        *args: Any,
        sections: Sequence[ShownSection],
        recipients: Sequence[FilingRecipient],
        own: Sequence[Section] = (),
        notes: Mapping[str, Merged] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._readers = {one.audience_key: one.name for one in reversed(recipients)}
        self._notes = notes or {}
        self._known = len(sections)
        blank = Section("", audience=tuple(self._readers))
        further = own or [blank] * max(1, _count_added(self.data, self._known))
        self._sections = [*sections, *(_shown(one) for one in further)]
        for number, shown in enumerate(self._sections):
            self._add(number, shown.section)

    def rows(self) -> list[dict[str, Any]]:
        """Return the sections as they are to be. Requires that the form is valid."""
        return [row for row in map(self._row, range(len(self._sections))) if row]

    def parts(self) -> Iterator[dict[str, Any]]:
        """Yield each section with its fields, for the template."""
        for number, shown in enumerate(self._sections):
            names = ("field", "answer", "unknown", "reason", "audience")
            note = self._notes.get(shown.section.field)
            yield {
                "shown": shown,
                "is_new": self._is_new(number),
                "note": note,
                "readers": self._readers_of(note),
                **{name: self._bound(number, name) for name in names},
            }

    def clean(self) -> dict[str, Any]:
        """Refuse an answer of which nobody would know what it answers."""
        given: dict[str, Any] = super().clean() or {}
        for number in range(self._known, len(self._sections)):
            said = [given.get(f"{name}-{number}") for name in ("answer", "reason")]
            if any(said) and not given.get(f"field-{number}"):
                self.add_error(f"field-{number}", "Name what is answered.")
        return given

    def _is_new(self, number: int) -> bool:
        return number >= self._known

    def _add(self, number: int, section: Section) -> None:
        if self._is_new(number):
            self.fields[f"field-{number}"] = forms.CharField(
                label="Another section",
                required=False,
                max_length=MAX_FIELD,
                initial=section.field,
            )
        self.fields[f"answer-{number}"] = forms.CharField(
            label="Answer",
            required=False,
            max_length=MAX_ANSWER,
            initial=section.answer,
            widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        )
        self.fields[f"unknown-{number}"] = forms.BooleanField(
            label="Not yet known", required=False, initial=section.is_not_yet_known
        )
        self.fields[f"reason-{number}"] = forms.CharField(
            label="Why it is not yet known",
            required=False,
            max_length=MAX_REASON,
            initial=section.reason,
        )
        if len(self._readers) > 1:
            self.fields[f"audience-{number}"] = forms.MultipleChoiceField(
                label="Who reads it",
                required=False,
                choices=list(reversed(self._readers.items())),
                initial=list(section.audience),
                widget=forms.CheckboxSelectMultiple,
            )

    def _row(self, number: int) -> dict[str, Any]:
        given, section = self.cleaned_data, self._sections[number].section
        field = given[f"field-{number}"] if self._is_new(number) else section.field
        if not field:
            return {}
        return {
            "field": field,
            "answer": given[f"answer-{number}"].replace("\r\n", "\n"),
            "is_not_yet_known": given[f"unknown-{number}"],
            "reason": given[f"reason-{number}"],
            "audience": given.get(f"audience-{number}", list(section.audience)),
        }

    def _readers_of(self, note: Merged | None) -> list[str] | None:
        """Return who reads what the newer version says, None if only one could."""
        if note is None or note.theirs is None or len(self._readers) == 1:
            return None
        return [self._readers.get(key, key) for key in note.theirs.audience]

    def _bound(self, number: int, name: str) -> Any:
        key = f"{name}-{number}"
        return self[key] if key in self.fields else None


def version_form(
    shown: ShownFiling, data: Mapping[str, Any] | None = None
) -> VersionForm:
    """Return the form of a filing's version, as that stands or as it was filled in."""
    return VersionForm(
        data,
        sections=shown.sections,
        recipients=shown.seen.recipients,
        initial={"based_on": shown.version.number},
    )


def merged_form(
    rows: Sequence[Mapping[str, Any]], *, base: ShownFiling, newest: ShownFiling
) -> VersionForm:
    """Return a form of the newest version with what was written on an older one in it.

    Requires rows that a valid form of the older one gave. Raises SectionError.
    """
    recipients = newest.seen.recipients
    mine = read_sections(rows, recipients=[one.key for one in recipients])
    by_field = {one.section.field: one for one in newest.sections}
    merged = merge_sections(_plain(base), mine, _plain(newest))
    return VersionForm(
        sections=[
            _with(by_field[one.section.field], one.section)
            for one in merged
            if not one.is_own
        ],
        recipients=recipients,
        own=[one.section for one in merged if one.is_own],
        notes={
            one.section.field: one for one in merged if one.theirs or one.is_taken_over
        },
        initial={"based_on": newest.version.number},
    )


def _plain(shown: ShownFiling) -> list[Section]:
    return [one.section for one in shown.sections]


def _with(shown: ShownSection, section: Section) -> ShownSection:
    return ShownSection(
        section, shown.needed_by, shown.lack, shown.audience, shown.remarks
    )


def _shown(section: Section) -> ShownSection:
    return ShownSection(section, (), "", (), ())


def _count_added(names: Iterable[str], known: int) -> int:
    """Return how many sections of the writer's own a form was sent with."""
    numbers = [int(found[1]) for name in names if (found := _FIELD.fullmatch(name))]
    return min(MAX_SECTIONS, max(numbers, default=known) + 1 - known)
