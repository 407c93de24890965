"""Forms of filings: whom it goes to, and the small acts on its page."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from escalation.filings.drafting import NewRecipient
from escalation.filings.laws import laws_for
from escalation.filings.models import FilingRecipient, FilingVersion
from escalation.filings.showing import ShownSection
from escalation.lawbook.profiles import profile_of
from escalation.regimes.regime import DutyOf
from incidents.incident.times_form import LocalTimeField, to_instant, zone_field
from incidents.models import Organisation, OrganisationKind

BY_HAND: Final = "by-hand"
MAX_TEXT: Final = 5_000
_REMARK: Final = "remark-"


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class RecipientForm(forms.Form):
    """One authority, and the duty under which it gets the report."""

    duty = forms.ChoiceField(
        label="Report", error_messages={"required": "Choose the report, by its law."}
    )
    agency = forms.ChoiceField(
        label="To",
        error_messages={"required": "Choose an agency here, or filing by hand."},
    )
    name = forms.CharField(
        label="Authority, if it is filed by hand",
        required=False,
        max_length=200,
        help_text="For portals without an API. Empty: the authority that the law names.",
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "duty", [("", "Choose one"), *_duties(organisation)])
        agencies = Organisation.objects.filter(kind=OrganisationKind.AGENCY)
        named = list(agencies.order_by("name").values_list("slug", "name"))
        _offer(
            self,
            "agency",
            [("", "Choose one"), *named, (BY_HAND, "By hand, at its portal")],
        )

    def recipient(self) -> NewRecipient:
        """Return whom it names. Requires that the form is valid."""
        given = self.cleaned_data
        regime, _, stage = given["duty"].partition(" ")
        agency = Organisation.objects.filter(slug=given["agency"]).first()
        return NewRecipient(regime, stage, agency, given["name"].strip())


def recipient_forms(
    data: Mapping[str, Any] | None,
    *,
    organisation: Organisation,
    count: int,
    initial: Mapping[str, str] | None = None,
) -> list[RecipientForm]:
    """Return the forms of a new filing; only the first must be filled in."""
    return [
        RecipientForm(
            data,
            prefix=f"to-{number}",
            organisation=organisation,
            empty_permitted=number > 1,
            use_required_attribute=number == 1,
            initial=initial if number == 1 else None,
        )
        for number in range(1, count + 1)
    ]


class EmptyForm(forms.Form):
    """Nothing to fill in."""


class ReadVersionForm(forms.Form):
    """The version that the person has read."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)


class RefuseForm(ReadVersionForm):
    """What is to be changed."""

    reason = forms.CharField(
        label="What is to be changed",
        widget=_area(3),
        error_messages={"required": "Write what its author is to change."},
    )


class WithdrawForm(forms.Form):
    """Why."""

    reason = forms.CharField(max_length=500)


class ByHandForm(forms.Form):
    """What the portal gave back."""

    recipient = forms.ChoiceField(label="Where it was filed")
    reference = forms.CharField(label="The portal's reference", max_length=200)
    submitted_at = LocalTimeField(label="When it was filed", required=True)
    zone = zone_field()
    version = forms.TypedChoiceField(
        label="Which version was filed", required=False, coerce=int, empty_value=None
    )
    file = forms.FileField(label="The portal's receipt", max_length=255)

    def __init__(
        self,
        *args: Any,
        recipients: Sequence[FilingRecipient],
        versions: Sequence[FilingVersion],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "recipient", [(one.key, one.name) for one in recipients])
        named = [(one.number, _version_name(one)) for one in versions]
        _offer(self, "version", [("", "The newest that was approved by then"), *named])
        if len(named) == 1:
            del self.fields["version"]
        limit = filesizeformat(settings.MAX_ATTACHMENT_BYTES)
        self.fields["file"].help_text = f"A file or a picture of it, up to {limit}."

    def clean(self) -> dict[str, Any]:
        """Make an instant of the local time."""
        given: dict[str, Any] = super().clean() or {}
        zone = given.pop("zone", "UTC")
        given["submitted_at"] = to_instant(given.get("submitted_at"), zone)
        return given


class ReturnForm(ReadVersionForm):
    """What is to be corrected, on the whole and by field.

    A remark goes by its field's name, not its place: another version has others there.
    """

    text = forms.CharField(
        label="What is to be corrected",
        max_length=MAX_TEXT,
        widget=_area(3),
        error_messages={"required": "Write what the lab is to correct."},
    )

    def __init__(
        self, *args: Any, sections: Sequence[ShownSection], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._fields = [shown.section.field for shown in sections]
        for name in self._fields:
            self.fields[remark_key(name)] = forms.CharField(
                label=f"Remark: {name}",
                required=False,
                max_length=MAX_TEXT,
                widget=_area(1),
            )

    def clean(self) -> dict[str, Any]:
        """Gather the remarks."""
        given: dict[str, Any] = super().clean() or {}
        self._keep_others()
        said = [given.pop(remark_key(name), "") for name in self._fields]
        given["remarks"] = [
            {"field": name, "text": text}
            for name, text in zip(self._fields, said, strict=True)
            if text.strip()
        ]
        return given

    def _keep_others(self) -> None:
        """Give back remarks on fields that the newer version has not."""
        known = {remark_key(name) for name in self._fields}
        for name, text in self.data.items():
            if name.startswith(_REMARK) and name not in known and text.strip():
                self.add_error(
                    "text", f"This version has not the field of your remark: {text}"
                )


def remark_key(field: str) -> str:
    """Return the name under which a remark on a section is sent."""
    return f"{_REMARK}{hashlib.sha256(field.encode()).hexdigest()[:16]}"


class AcceptForm(ReadVersionForm):
    """A last word."""

    text = forms.CharField(
        label="Word to the lab", required=False, max_length=MAX_TEXT, widget=_area(2)
    )


class AskForm(forms.Form):
    """A request for information."""

    text = forms.CharField(label="Request", max_length=MAX_TEXT, widget=_area(3))
    due_at = LocalTimeField(label="Answer by")
    zone = zone_field()

    def clean(self) -> dict[str, Any]:
        """Make an instant of the local time."""
        given: dict[str, Any] = super().clean() or {}
        zone = given.pop("zone", "UTC")
        given["due_at"] = to_instant(given.get("due_at"), zone)
        return given


class TransferForm(forms.Form):
    """Where it goes, and why it may."""

    agency = forms.ModelChoiceField(
        Organisation.objects.none(),
        label="To an agency here",
        required=False,
        to_field_name="slug",
        empty_label="None: named below",
    )
    name = forms.CharField(label="Or to", required=False, max_length=200)
    legal_basis = forms.CharField(
        label="Legal basis",
        max_length=300,
        error_messages={"required": "Name the article that lets it be given on."},
    )
    reason = forms.CharField(
        label="Reason",
        max_length=MAX_TEXT,
        widget=_area(2),
        help_text="The lab reads it.",
        error_messages={"required": "Write why it goes to them: the lab reads it."},
    )
    risks = forms.CharField(
        label="Risks considered",
        required=False,
        max_length=MAX_TEXT,
        widget=_area(2),
        help_text="Your agency's own; the lab does not see it.",
    )

    def __init__(self, *args: Any, agency: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Organisation.objects.filter(kind=OrganisationKind.AGENCY)
        field = self.fields["agency"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  declared above
        field.queryset = others.exclude(pk=agency.pk)


def _duties(organisation: Organisation) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the stages that a lab reports, by law; those that it watches come first."""
    groups = []
    watched = profile_of(organisation.pk).regimes
    regimes = [law.regime for law in laws_for(organisation.pk).values()]
    for regime in sorted(regimes, key=lambda regime: regime.id not in watched):
        stages = [
            (f"{regime.id} {stage.id}", f"{stage.name} ({stage.citation})")
            for stage in regime.stages
            if stage.duty_of == DutyOf.REPORTER
        ]
        if stages:
            groups.append((regime.name, stages))
    return groups


def _version_name(version: FilingVersion) -> str:
    return (
        f"Version {version.number}, approved {version.approved_at:%Y-%m-%d %H:%M} UTC"
    )


def _offer(form: forms.Form, name: str, choices: Sequence[Any]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared as one
    field.choices = choices
