"""What the assessment adds to the page of an incident's duties."""

from typing import Final

from django.urls import reverse

from escalation.duties.assessment import assessment_of, fitted_proposals
from escalation.duties.page import Duties, Section
from incidents.organisations.roles import Action

TEMPLATE: Final = "escalation/duties/_assessment.html"


def assessment_section(duties: Duties) -> Section | None:
    """Return how far the assessment is and what it suggests, for the owner's people."""
    incident = duties.incident
    if duties.side.pk != incident.organisation_id:
        return None
    assessment = assessment_of(incident, duties.side.pk)
    if not assessment.proposals:
        return None
    return Section(
        id="assessment",
        title="What may have to be reported",
        template=TEMPLATE,
        context={
            "assessment": assessment,
            "fitted": fitted_proposals(incident, assessment),
            "url": reverse("incident-duties-assessment", args=[incident.ref]),
            "may_answer": duties.may(Action.DUTIES),
        },
    )
