"""Find a page of incidents for the reader: filters in the address, newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.db.models import Count

from incidents.errors import BadInput
from incidents.incident.deadlines import DUE_CHOICES, attach_deadlines, due_within
from incidents.incident.models import (
    CATEGORY_CHOICES,
    Incident,
    IncidentQuerySet,
    Status,
)
from incidents.incident.refs import is_ref
from incidents.incident.search import matching
from incidents.incident.severity import SEVERITY_CHOICES
from incidents.organisations.directory import organisations_known_to
from incidents.organisations.models import OrganisationKind, User
from incidents.organisations.roles import Action, organisations_allowing
from incidents.pages import PageRequest
from incidents.timers.clock import read_now

PAGE_ROWS: Final = 50
_STATES: Final[dict[str, tuple[str, ...]]] = {
    "open": (Status.OPEN,),
    "acknowledged": (Status.ACKNOWLEDGED,),
    "closed": (Status.RESOLVED, Status.MERGED),
    "all": tuple(Status.values),
}
_TABS: Final = (
    ("open", "Open"),
    ("acknowledged", "Acknowledged"),
    ("closed", "Closed"),
    ("all", "All"),
)


class FilterForm(forms.Form):
    """What to look for."""

    state = forms.CharField(required=False, widget=forms.HiddenInput)
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
    organisation = forms.ChoiceField(label="From", required=False)
    due = forms.ChoiceField(choices=[("", "Any"), *DUE_CHOICES], required=False)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labs = organisations_known_to(person).filter(kind=OrganisationKind.LAB)
        choices = [("", "Any"), *labs.values_list("slug", "name")]
        field = self.fields["organisation"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
        field.choices = choices

    @property
    def is_narrowing(self) -> bool:
        """Whether anything but the state is asked for."""
        return any(v for name, v in self.cleaned_data.items() if name != "state")


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list."""

    rows: Sequence[Incident]
    form: FilterForm
    state: str
    counts: Mapping[str, int]
    next_url: str = ""
    previous_url: str = ""


def list_page(request: PageRequest) -> Found:
    """Return the rows that the address asks for. Raises BadInput."""
    state = request.GET.get("state") or "open"
    if state not in _STATES:
        raise BadInput("state", state, f"Choose one of {', '.join(_STATES)}.")
    form = FilterForm(request.GET or None, person=request.user)
    wanted = form.cleaned_data if form.is_bound and form.is_valid() else {}
    now = read_now()
    narrowed = _narrowed(Incident.objects.visible_to(request.user), wanted)
    if wanted.get("due"):
        narrowed = due_within(narrowed, request.user, wanted["due"], now)
    counts = dict(narrowed.order_by().values_list("status").annotate(Count("pk")))
    rows = narrowed.filter(status__in=_STATES[state]).select_related("organisation")
    before = _position(request.user, request.GET.get("before", ""))
    if before:
        rows = rows.filter(pk__lt=before)
    page = list(rows.order_by("-pk")[: PAGE_ROWS + 1])
    has_more = len(page) > PAGE_ROWS
    page = page[:PAGE_ROWS]
    attach_deadlines(page, request.user, now)
    return Found(
        rows=page,
        form=form,
        state=state,
        counts=counts,
        next_url=_url(request, before=page[-1].ref) if has_more else "",
        previous_url=_url(request, before=None) if before else "",
    )


def list_context(request: PageRequest, found: Found) -> dict[str, Any]:
    """Return the variables of the list's template."""
    return {
        "tabs": [
            {
                "label": label,
                "url": _url(request, state=state, before=None),
                "is_current": state == found.state,
                "count": sum(found.counts.get(s, 0) for s in _STATES[state]),
            }
            for state, label in _TABS
        ],
        "filter_form": found.form,
        "incidents": found.rows,
        "page": {"next_url": found.next_url, "previous_url": found.previous_url},
        "is_filtered": found.form.is_bound and any(_given(request).values()),
        "can_file": bool(organisations_allowing(request.user, Action.REPORT)),
    }


def _narrowed(rows: IncidentQuerySet, wanted: Mapping[str, Any]) -> IncidentQuerySet:
    if wanted.get("severity"):
        rows = rows.filter(severity__gte=int(wanted["severity"]))
    if wanted.get("category"):
        rows = rows.filter(category=wanted["category"])
    if wanted.get("organisation"):
        rows = rows.filter(organisation__slug=wanted["organisation"])
    return matching(rows, wanted.get("q", ""))


def _given(request: PageRequest) -> dict[str, str]:
    names = ("q", "severity", "category", "organisation", "due")
    return {name: request.GET.get(name, "") for name in names}


def _position(person: User, ref: str) -> int | None:
    """Return where the incident of this ref stands. An id would count everybody's."""
    if not is_ref(ref):
        return None
    rows = Incident.objects.visible_to(person).filter(ref=ref)
    return rows.values_list("pk", flat=True).first()


def _url(request: PageRequest, **changes: object) -> str:
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = str(value)
    return f"?{query.urlencode()}"
