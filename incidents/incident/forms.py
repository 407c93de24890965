"""The form that files an incident: the early notice, then what may wait."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat

from incidents.incident.facets import FACETS, Facet, FacetError, parse_facets
from incidents.incident.incoming import ArrivedFile
from incidents.incident.instants import out_of_range
from incidents.incident.models import CATEGORY_CHOICES
from incidents.incident.opening import NewIncident
from incidents.incident.severity import SEVERITIES
from incidents.incident.times_form import LocalTimeField, to_instant, zone_field
from incidents.incident.tlp import DEFAULT_TLP, Tlp
from incidents.organisations.models import Organisation, User
from incidents.timers.clock import read_now

DANGER_CHOICES: Final = [
    ("yes", "Yes"),
    ("no", "No"),
    ("unknown", "Not known yet"),
]
_DANGER: Final = {"yes": True, "no": False, "unknown": None}
_FACET_PREFIX: Final = "facet_"


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that may wait, under one heading that opens in place."""

    title: str
    hint: str
    fields: Sequence[forms.BoundField]
    is_restored: bool = False

    @property
    def is_open(self) -> bool:
        """Whether something in it must be looked at."""
        return self.is_restored or any(field.errors for field in self.fields)


class NewIncidentForm(forms.Form):
    """What a person reports. Only title, category and severity must be known."""

    idempotency_key = forms.CharField(widget=forms.HiddenInput, max_length=100)
    title = forms.CharField(
        label="What happened, in a sentence",
        max_length=300,
        widget=forms.TextInput(attrs={"autofocus": "", "autocomplete": "off"}),
    )
    category = forms.ChoiceField(
        label="Closest category",
        choices=[("", "Choose one"), *CATEGORY_CHOICES],
        help_text="It prompts people and decides nothing. It can be changed later.",
    )
    severity = forms.TypedChoiceField(
        label="Severity, your best guess",
        choices=[(level.level, level.test) for level in SEVERITIES],
        coerce=int,
        widget=forms.RadioSelect,
        help_text="Pages people inside. When in doubt, choose the higher one.",
    )
    detected_at = LocalTimeField(
        label="When did you notice?", help_text="Leave it empty if it was just now."
    )
    is_danger = forms.ChoiceField(
        label="Is anyone in danger?",
        choices=DANGER_CHOICES,
        initial="unknown",
        widget=forms.RadioSelect,
    )
    description = forms.CharField(
        label="What you know so far",
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="What you saw, what was done about it, what is not known.",
    )
    occurred_at = LocalTimeField(
        label="When did it happen?", help_text="As far as you know."
    )
    aware_at = LocalTimeField(
        label="When did your organisation become aware?",
        help_text="When somebody who must act on it first knew. Laws may count from it.",
    )
    zone = zone_field()
    tlp = forms.ChoiceField(
        label="Who may know (TLP 2.0)",
        choices=[(t.value, f"{t.label}: {t.meaning}") for t in Tlp],
        initial=DEFAULT_TLP.value,
    )
    file = forms.FileField(label="Attach a file", required=False, max_length=255)
    is_file_shared = forms.BooleanField(
        label="Show the file to agencies that the incident is shared with",
        required=False,
    )
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(),
        label="For which organisation",
        to_field_name="slug",
    )

    def __init__(
        self, *args: Any, organisations: Sequence[Organisation], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["idempotency_key"].initial = uuid.uuid4
        self._restored: frozenset[str] = frozenset()
        self._offer_organisations(organisations)
        limit = filesizeformat(settings.MAX_ATTACHMENT_BYTES)
        self.fields["file"].help_text = f"Up to {limit}. More can follow on its page."
        for facet in FACETS:
            self.fields[_FACET_PREFIX + facet.key] = _facet_field(facet)

    def restore(self, typed: Mapping[str, Sequence[str]], *, key: str) -> None:
        """Fill in what was typed before. Requires that nothing was sent.

        The form keeps its key, so that what is typed on belongs to the same draft, and
        what was filed in another tab is not filed twice.
        """
        if key:
            self.initial["idempotency_key"] = key
        known = {name: typed[name] for name in self.draft_names() if name in typed}
        for name, values in known.items():
            is_many = isinstance(self.fields[name], forms.MultipleChoiceField)
            self.initial[name] = list(values) if is_many else values[-1]
        # These always hold something.
        self._restored = frozenset(known) - {"tlp", "zone"}

    def draft_names(self) -> list[str]:
        """Return the fields that a draft keeps: not the file, nor what names the form."""
        return [n for n in self.fields if n not in {"idempotency_key", "file"}]

    def sections(self) -> list[Section]:
        """Return the optional part, in the order in which it is asked."""
        facets = [name for name in self.fields if name.startswith(_FACET_PREFIX)]
        return [
            self._section("What is known", "optional", ["description"]),
            self._section(
                "When it happened", "optional", ["occurred_at", "aware_at", "zone"]
            ),
            self._section("Sharing label", DEFAULT_TLP.label, ["tlp"]),
            self._section("File", "optional", ["file", "is_file_shared"]),
            self._section("Details for analysis", "optional", facets),
        ]

    def clean(self) -> dict[str, Any]:
        """Check the times, and the facets together. Raises ValidationError."""
        cleaned: dict[str, Any] = super().clean() or {}
        for name in ("detected_at", "occurred_at", "aware_at"):
            moment = cleaned.get(name)
            if moment is None:
                continue
            if remedy := out_of_range(moment.replace(tzinfo=UTC), read_now()):
                self.add_error(name, f"“{moment.isoformat()}” cannot be used. {remedy}")
        facets = {
            name.removeprefix(_FACET_PREFIX): value
            for name, value in cleaned.items()
            if name.startswith(_FACET_PREFIX)
        }
        try:
            cleaned["facts"] = parse_facets(facets)
        except FacetError as error:
            raise forms.ValidationError(str(error)) from error
        return cleaned

    def new_incident(self, *, person: User, now: datetime) -> NewIncident:
        """Return what was reported. Requires that the form is valid."""
        given = self.cleaned_data
        noticed_at = to_instant(given["detected_at"], given["zone"])
        return NewIncident(
            organisation_id=given["organisation"].pk,
            title=given["title"],
            description=given["description"],
            category=given["category"],
            severity=given["severity"],
            tlp=given["tlp"],
            is_danger=_DANGER[given["is_danger"]],
            facts=given["facts"],
            detected_at=noticed_at or now,
            occurred_at=to_instant(given["occurred_at"], given["zone"]),
            aware_at=to_instant(given["aware_at"], given["zone"]),
            reported_by=person,
        )

    def _section(self, title: str, hint: str, names: Sequence[str]) -> Section:
        is_restored = not self._restored.isdisjoint(names)
        return Section(title, hint, [self[name] for name in names], is_restored)

    def _offer_organisations(self, organisations: Sequence[Organisation]) -> None:
        field = self.fields["organisation"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  declared above
        ids = [organisation.pk for organisation in organisations]
        field.queryset = Organisation.objects.filter(pk__in=ids)
        if len(organisations) == 1:
            field.initial = organisations[0].slug
            field.widget = forms.HiddenInput()


def sent_content(sent: QueryDict, files: Sequence[ArrivedFile]) -> bytes:
    """Return what was typed and chosen, so that a repeat can be told from a change."""
    pairs = [
        (name, value)
        for name in sorted(sent)
        if name != "csrfmiddlewaretoken"
        for value in sent.getlist(name)
    ]
    chosen = [(file.name or "", file.sha256) for file in files]
    return urlencode([*pairs, *chosen]).encode()


def _facet_field(facet: Facet) -> forms.Field:
    field = _bare_field(facet)
    field.label, field.help_text = facet.name, facet.meaning
    return field


def _bare_field(facet: Facet) -> forms.Field:
    choices = [
        (c.value, f"{c.name}: {c.meaning}" if c.meaning else c.name)
        for c in facet.choices
    ]
    if facet.kind == "many":
        return forms.MultipleChoiceField(
            choices=choices, widget=forms.CheckboxSelectMultiple, required=False
        )
    if facet.kind == "one":
        return forms.ChoiceField(choices=[("", "Not said"), *choices], required=False)
    return forms.CharField(max_length=500, required=False)
