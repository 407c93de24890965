"""What the assessment adds to the page of an incident's duties."""

from typing import Final

from django.urls import reverse

from escalation.duties.fitting import fit
from escalation.duties.models import Decision
from escalation.duties.page import Duties, Section
from incidents.organisations.roles import Action

TEMPLATE: Final = "escalation/duties/_assessment.html"


def assessment_section(duties: Duties) -> Section | None:
    """Return how far the assessment is and what it suggests, for the owner's people."""
    incident, assessment = duties.incident, duties.assessment
    if not assessment.proposals:
        return None
    return Section(
        id="assessment",
        title="What may have to be reported",
        template=TEMPLATE,
        context={
            "assessment": assessment,
            "fitted": fit(assessment.proposals, _standing(duties)),
            "url": reverse("incident-duties-assessment", args=[incident.ref]),
            "may_answer": duties.may(Action.DUTIES),
        },
    )


def _standing(duties: Duties) -> dict[str, Decision]:
    return {row.regime_id: row for row in duties.decisions if row.is_current}
