"""The page of the guided assessment: one question at a time, and what follows from it."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from escalation.duties.asking import Asked, Assessment
from escalation.duties.assessment import (
    MAX_REASON,
    Answer,
    assessment_of,
    fitted_proposals,
    former_answers,
    give_answer,
)
from escalation.duties.assessment_access import (
    may_answer,
    owner_to_answer,
    owner_to_read,
)
from escalation.duties.models import AssessmentAnswer, Said
from escalation.regimes.questions import NO
from incidents.errors import BadInput, NotPossible
from incidents.incident.page import note_incident, see_incident
from incidents.incident.panels import Seen
from incidents.models import Organisation
from incidents.pages import PageRequest, page

QUESTION: Final = "question"
"""Query and form field: the key of the question that is shown or answered."""


class AnswerForm(forms.Form):
    """An answer to one question."""

    question = forms.CharField(widget=forms.HiddenInput, max_length=120)
    said = forms.ChoiceField(
        label="Answer", choices=Said.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Needed for No and Not known yet: somebody will ask, perhaps in years.",
    )

    def given(self) -> Answer:
        """Return what was typed. Requires a valid form."""
        return Answer(**self.cleaned_data)


@page("GET", "POST")
def duties_assessment(request: PageRequest, ref: str) -> HttpResponse:
    """Ask the next question, or the one that the address names, and take its answer."""
    seen = see_incident(request, ref)
    owner = owner_to_read(request.user, seen.incident)
    if request.method == "POST":
        return _take_answer(request, seen)
    assessment = assessment_of(seen.incident, owner.pk)
    asked = assessment.find(request.GET.get(QUESTION, "")) or assessment.behind(None)
    return _show(request, seen, assessment, asked, form=None)


def _take_answer(request: PageRequest, seen: Seen) -> HttpResponse:
    owner = owner_to_answer(request.user, seen.incident)
    form = AnswerForm(request.POST)
    saved = _saved(request, seen, owner, form) if form.is_valid() else None
    assessment = assessment_of(seen.incident, owner.pk)
    asked = assessment.find(request.POST.get(QUESTION, ""))
    if saved is None:
        return _show(request, seen, assessment, asked, form=form)
    _say(request, saved, assessment)
    return redirect(_url(seen, assessment.behind(asked)))


def _saved(
    request: PageRequest, seen: Seen, owner: Organisation, form: AnswerForm
) -> AssessmentAnswer | None:
    """Give the answer; a mistake goes to its field."""
    try:
        return give_answer(
            seen.incident,
            form.given(),
            organisation=owner,
            author=request.user,
            now=seen.now,
        )
    except BadInput as error:
        form.add_error(
            error.field if error.field in form.fields else None, error.remedy
        )
    except NotPossible as error:
        form.add_error(None, error.message)
    return None


def _say(request: PageRequest, saved: AssessmentAnswer, assessment: Assessment) -> None:
    left = len(assessment.open)
    rest = f"{left} more to answer." if left else "Nothing is left to answer."
    messages.success(request, f"Recorded: {saved.get_said_display()}. {rest}")


def _url(seen: Seen, asked: Asked | None) -> str:
    url = reverse("incident-duties-assessment", args=[seen.incident.ref])
    return f"{url}?{QUESTION}={asked.question.key}#ask" if asked else url


def _show(
    request: PageRequest,
    seen: Seen,
    assessment: Assessment,
    asked: Asked | None,
    *,
    form: AnswerForm | None,
) -> HttpResponse:
    note_incident(request, seen)
    former = former_answers(seen.incident.pk, seen.incident.organisation_id)
    context: dict[str, Any] = {
        "incident": seen.incident,
        "assessment": assessment,
        "fitted": fitted_proposals(seen.incident, assessment),
        "asked": asked,
        "form": form or (_fresh(asked) if asked else None),
        "may_answer": may_answer(request.user, seen.incident),
        "topics": _topics(assessment, former),
        "unanswered": [one for one in assessment.asked if one.answer is None],
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form else HTTPStatus.OK
    template = "escalation/duties/assessment.html"
    return render(request, template, context, status=status)


def _fresh(asked: Asked) -> AnswerForm:
    """Return the form with the answer that stands, else with what the facts suggest."""
    initial = {QUESTION: asked.question.key}
    if asked.answer:
        initial |= {"said": asked.answer.said, "reason": asked.answer.reason}
    elif asked.suggestion:
        initial["said"] = asked.suggestion.said
        if asked.suggestion.said == NO:
            initial["reason"] = f"{asked.suggestion.words}."
    return AnswerForm(initial=initial)


def _topics(
    assessment: Assessment, former: dict[str, list[AssessmentAnswer]]
) -> Sequence[dict[str, Any]]:
    """Return what was answered under its topics, with former answers."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in (one for one in assessment.asked if one.answer):
        row = {"asked": one, "former": former.get(one.question.key, [])}
        found.setdefault(one.question.topic, []).append(row)
    return [{"name": name, "rows": rows} for name, rows in found.items()]
