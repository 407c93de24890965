"""The form in which a person makes a source or changes what it is called."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from incidents.incident.models import CATEGORY_CHOICES
from incidents.incident.severity import SEVERITY_CHOICES
from incidents.incident.tlp import DEFAULT_TLP, TLP_CHOICES
from incidents.intake.adapters.adapter import Adapter
from incidents.intake.adapters.registry import ADAPTERS
from incidents.intake.mapping_form import start_choices
from incidents.intake.mapping_trying import GENERIC
from incidents.intake.models import Source
from incidents.intake.sources import SourceOptions
from incidents.organisations.models import Organisation

_USUAL: Final = SourceOptions()


class SourceForm(forms.Form):
    """What a source is called, and what its incidents start with."""

    name = forms.CharField(
        label="Name", max_length=200, help_text="As people read it on incidents."
    )
    default_category = forms.ChoiceField(
        label="Category of its incidents",
        choices=CATEGORY_CHOICES,
        initial=_USUAL.default_category,
    )
    default_tlp = forms.ChoiceField(
        label="Who may know (TLP 2.0)", choices=TLP_CHOICES, initial=DEFAULT_TLP.value
    )
    is_enabled = forms.BooleanField(
        label="Take what it posts", required=False, initial=True
    )


class NewSourceForm(SourceForm):
    """A source to be made."""

    field_order = ("name", "slug", "start", "organisation")

    slug = forms.SlugField(
        label="Short name",
        max_length=60,
        help_text="Letters, digits and hyphens. It stays: routes and files name it.",
    )
    default_severity = forms.TypedChoiceField(
        label="Severity of an alert that says none",
        choices=SEVERITY_CHOICES,
        coerce=int,
        initial=_USUAL.default_severity,
    )
    start = forms.ChoiceField(
        label="Mapping to start from",
        required=False,
        help_text="Its page then shows what it finds in the last body.",
    )
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(),
        label="For which organisation",
        to_field_name="slug",
    )

    def __init__(
        self,
        *args: Any,
        tool: str,
        organisations: Sequence[Organisation],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if tool == GENERIC:
            start = self.fields["start"]
            assert isinstance(start, forms.ChoiceField)  # noqa: S101  declared above
            start.choices = start_choices()
        else:
            del self.fields["start"]
        field = self.fields["organisation"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  declared above
        ids = [organisation.pk for organisation in organisations]
        field.queryset = Organisation.objects.filter(pk__in=ids)
        if len(organisations) == 1:
            field.initial = organisations[0].slug
            field.widget = forms.HiddenInput()


def initial_of(source: Source) -> dict[str, Any]:
    """Return the source as the form writes it."""
    return {name: getattr(source, name) for name in SourceForm.base_fields}


def tools_matching(query: str) -> list[Adapter]:
    """Return the tools whose name or description holds every word.

    >>> [adapter.tool for adapter in tools_matching("prometheus alert")]
    ['alertmanager']
    """
    words = query.casefold().split()
    return [
        adapter
        for adapter in ADAPTERS.values()
        if all(
            word in f"{adapter.tool} {adapter.name} {adapter.setup}".casefold()
            for word in words
        )
    ]
