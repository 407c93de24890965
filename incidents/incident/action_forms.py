"""The small forms of what people do to an incident."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat

from incidents.incident.models import Incident
from incidents.incident.severity import SEVERITY_CHOICES
from incidents.organisations.models import Organisation, OrganisationKind, User

MAX_REASON = 2_000


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        max_length=MAX_REASON, widget=forms.Textarea(attrs={"rows": 2})
    )


class SeverityForm(ReasonForm):
    """Another severity."""

    severity = forms.TypedChoiceField(choices=SEVERITY_CHOICES, coerce=int)
    field_order = ("severity", "reason")


class CommentForm(forms.Form):
    """A comment, for one's own side unless it is shared."""

    text = forms.CharField(
        label="Comment", max_length=20_000, widget=forms.Textarea(attrs={"rows": 4})
    )
    is_shared = forms.BooleanField(
        label="Also show it to the other side", required=False
    )


class AttachForm(forms.Form):
    """One file."""

    file = forms.FileField(max_length=255)
    is_shared = forms.BooleanField(
        label="Also show it to the other side", required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit = filesizeformat(settings.MAX_ATTACHMENT_BYTES)
        self.fields["file"].help_text = f"Up to {limit}."


class ShareForm(ReasonForm):
    """An agency that does not see the incident yet."""

    agency = forms.ModelChoiceField(
        Organisation.objects.none(), to_field_name="slug", empty_label="Choose one"
    )
    field_order = ("agency", "reason")

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shared = incident.shares.filter(unshared_at=None).values("agency_id")
        agencies = Organisation.objects.filter(kind=OrganisationKind.AGENCY)
        field = self.fields["agency"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  declared above
        field.queryset = agencies.exclude(pk__in=shared)


class MergeForm(ReasonForm):
    """The incident that stays."""

    into = forms.CharField(label="Reference of the one that stays", max_length=20)
    field_order = ("into", "reason")

    def __init__(
        self, *args: Any, person: User, incident: Incident, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._visible = Incident.objects.visible_to(person).exclude(pk=incident.pk)
        self._owner_id = incident.organisation_id

    def clean_into(self) -> Incident:
        """Return the incident of the same owner. Raises ValidationError."""
        ref = self.cleaned_data["into"].strip().upper()
        into = self._visible.filter(ref=ref, organisation=self._owner_id).first()
        if into is None:
            raise ValidationError("There is no such incident of the same owner.")
        return into
