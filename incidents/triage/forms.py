"""Forms of an agency's work on an incident, and of the lab's answer."""

from typing import Any, Final

from django import forms

from incidents.incident.deadlines import DUE_CHOICES
from incidents.incident.models import CATEGORY_CHOICES, Incident
from incidents.incident.severity import SEVERITY_CHOICES
from incidents.incident.times_form import LocalTimeField, to_instant, zone_field
from incidents.organisations.directory import organisations_known_to
from incidents.organisations.models import Organisation, OrganisationKind, User
from incidents.triage.criteria import OUTCOMES, PRIORITY_CHOICES
from incidents.triage.models import Outcome
from incidents.triage.outcomes import Decision
from incidents.triage.questions import MAX_TEXT
from incidents.triage.queue import OWNERS

_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    Outcome.NEEDS_INFORMATION: ("reason",),
    Outcome.NOT_OURS: ("reason", "referred_to"),
    Outcome.DUPLICATE: ("reason", "duplicate_of"),
}


def people_of(agency: Organisation) -> Any:
    """Return the people to whom a row of the agency can be given."""
    members = agency.memberships.filter(ended_at=None, user__is_active=True)
    return User.objects.filter(pk__in=members.values("user")).order_by("name", "email")


class DecisionForm(forms.Form):
    """What the agency makes of an incident."""

    outcome = forms.ChoiceField(
        choices=[(outcome.code, outcome.name) for outcome in OUTCOMES],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="Reason, or the question to the lab",
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="The lab reads it. With Needs information it is sent as the question.",
    )
    referred_to = forms.ModelChoiceField(
        Organisation.objects.none(),
        label="Not ours: which agency",
        required=False,
        to_field_name="slug",
        empty_label="Choose one",
    )
    duplicate_of = forms.CharField(
        label="Duplicate: of which reference", required=False, max_length=20
    )
    priority = forms.TypedChoiceField(
        choices=[("", "Not set"), *PRIORITY_CHOICES],
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Your agency's own; the lab does not see it.",
    )
    owner = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="Nobody",
        help_text="Who of your agency sees to it.",
    )
    next_review_at = LocalTimeField(label="Next review", help_text="Brings it back up.")
    zone = zone_field()

    def __init__(
        self, *args: Any, person: User, agency: Organisation, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._person = person
        agencies = Organisation.objects.filter(kind=OrganisationKind.AGENCY)
        _offer(self, "referred_to", agencies.exclude(pk=agency.pk))
        _offer(self, "owner", people_of(agency))

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen outcome needs, all at once."""
        cleaned: dict[str, Any] = super().clean() or {}
        for name in _NEEDS.get(cleaned.get("outcome", ""), ()):
            if name not in self.errors and not cleaned.get(name):
                self.add_error(name, "This outcome needs it.")
        return cleaned

    def clean_duplicate_of(self) -> Incident | None:
        """Return the other incident. Raises ValidationError."""
        ref = self.cleaned_data["duplicate_of"].strip().upper()
        if not ref:
            return None
        found = Incident.objects.visible_to(self._person).filter(ref=ref).first()
        if found is None:
            raise forms.ValidationError("There is no such incident that you can open.")
        return found

    def decision(self) -> Decision:
        """Return what was decided. Requires that the form is valid."""
        given = dict(self.cleaned_data)
        zone = given.pop("zone")
        review_at = to_instant(given.pop("next_review_at"), zone)
        return Decision(next_review_at=review_at, **given)


class AssignForm(forms.Form):
    """Who sees to it."""

    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Nobody"
    )

    def __init__(self, *args: Any, agency: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "owner", people_of(agency))


class QuestionForm(forms.Form):
    """One question to the lab."""

    text = forms.CharField(
        label="Question", max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 3})
    )


class AnswerForm(forms.Form):
    """The lab's answer."""

    text = forms.CharField(
        label="Answer", max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 3})
    )


class QueueFilterForm(forms.Form):
    """What of the queue to show."""

    state = forms.CharField(required=False, widget=forms.HiddenInput)
    sort = forms.CharField(required=False, widget=forms.HiddenInput)
    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.SearchInput(
            attrs={"data-key": "/", "placeholder": "Words or a reference"}
        ),
    )
    severity = forms.ChoiceField(
        choices=[
            ("", "Any"),
            *((str(v), f"{name} or more") for v, name in SEVERITY_CHOICES),
        ],
        required=False,
    )
    category = forms.ChoiceField(
        choices=[("", "Any"), *CATEGORY_CHOICES], required=False
    )
    lab = forms.ChoiceField(required=False)
    due = forms.ChoiceField(choices=[("", "Any"), *DUE_CHOICES], required=False)
    owner = forms.ChoiceField(choices=[("", "Anybody"), *OWNERS], required=False)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labs = organisations_known_to(person).filter(kind=OrganisationKind.LAB)
        field = self.fields["lab"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
        field.choices = [("", "Any"), *labs.values_list("slug", "name")]


def _offer(form: forms.Form, name: str, rows: Any) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  declared above
    field.queryset = rows
