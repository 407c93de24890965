from django.urls import include, path

from escalation.authoring import decision_views as decisions
from escalation.authoring.editor_views import policy_edit, policy_new
from escalation.authoring.hand_over_views import policy_hand_over
from escalation.authoring.route_views import route_edit, route_new, route_remove
from escalation.authoring.simulation_views import policy_simulate
from escalation.authoring.views import policy_detail, policy_list
from escalation.calendars.views import (
    calendar_archive,
    calendar_edit,
    calendar_list,
    calendar_new,
)
from escalation.clocks.views import clock_pause, clock_resume
from escalation.duties import views as duties
from escalation.duties.assessment_views import duties_assessment
from escalation.duties.clock_views import duty_clock_renew, duty_list
from escalation.runs.views import (
    incident_escalate,
    incident_pass_on,
    incident_reassign,
    incident_snooze,
    incident_unsnooze,
)
from escalation.stamps import views as stamps

_DUTIES = "incidents/<str:ref>/duties/"
_VERSION = "policies/<int:pk>/versions/<int:number>/"

urlpatterns = [
    path("time-stamps/", stamps.time_stamp_list, name="time-stamp-list"),
    path("time-stamps/new/", stamps.time_stamp_new, name="time-stamp-new"),
    path("time-stamps/<uuid:uid>/", stamps.time_stamp_edit, name="time-stamp-edit"),
    path("", include("escalation.lawbook.urls")),
    path("", include("escalation.duties.delays.urls")),
    path("", include("escalation.filings.urls")),
    path("", include("escalation.notifications.urls")),
    path("", include("escalation.oncall.urls")),
    path("", include("escalation.replies.urls")),
    path("calendars/", calendar_list, name="calendar-list"),
    path("calendars/new/", calendar_new, name="calendar-new"),
    path("calendars/<int:pk>/", calendar_edit, name="calendar-edit"),
    path("calendars/<int:pk>/archive/", calendar_archive, name="calendar-archive"),
    path("incidents/<str:ref>/clocks/<int:pk>/pause/", clock_pause, name="clock-pause"),
    path(
        "incidents/<str:ref>/clocks/<int:pk>/resume/", clock_resume, name="clock-resume"
    ),
    path(_DUTIES, duties.incident_duties, name="incident-duties"),
    path(f"{_DUTIES}instants/", duties.duties_note, name="duties-note"),
    path(
        f"{_DUTIES}instants/<int:pk>/choose/",
        duties.duties_choose,
        name="duties-choose",
    ),
    path(
        f"{_DUTIES}instants/<int:pk>/withdraw/",
        duties.duties_withdraw,
        name="duties-withdraw",
    ),
    path(f"{_DUTIES}decisions/", duties.duties_decide, name="duties-decide"),
    path(
        f"{_DUTIES}decisions/<int:pk>/confirm/",
        duties.duties_confirm,
        name="duties-confirm",
    ),
    path(
        f"{_DUTIES}assessment/",
        duties_assessment,
        name="incident-duties-assessment",
    ),
    path(
        "incidents/<str:ref>/duties/clocks/<int:pk>/take-text/",
        duty_clock_renew,
        name="duty-clock-renew",
    ),
    path("duties/", duty_list, name="duty-list"),
    path("policies/", policy_list, name="policy-list"),
    path(
        "policies/second-person/",
        decisions.policies_second_person,
        name="policies-second-person",
    ),
    path("policies/<int:pk>/", policy_detail, name="policy-detail"),
    path("policies/new/", policy_new, name="policy-new"),
    path("policies/<int:pk>/edit/", policy_edit, name="policy-edit"),
    path("policies/<int:pk>/simulate/", policy_simulate, name="policy-simulate"),
    path("policies/<int:pk>/hand-over/", policy_hand_over, name="policy-hand-over"),
    path("routes/new/", route_new, name="route-new"),
    path("routes/<int:pk>/edit/", route_edit, name="route-edit"),
    path("routes/<int:pk>/remove/", route_remove, name="route-remove"),
    path("policies/<int:pk>/diff/", decisions.policy_diff, name="policy-diff"),
    path(
        "policies/<int:pk>/second-person/",
        decisions.policy_second_person,
        name="policy-second-person",
    ),
    path(f"{_VERSION}approve/", decisions.policy_approve, name="policy-approve"),
    path(f"{_VERSION}reject/", decisions.policy_reject, name="policy-reject"),
    path(f"{_VERSION}withdraw/", decisions.policy_withdraw, name="policy-withdraw"),
    path("incidents/<str:ref>/escalate/", incident_escalate, name="incident-escalate"),
    path("incidents/<str:ref>/reassign/", incident_reassign, name="incident-reassign"),
    path("incidents/<str:ref>/snooze/", incident_snooze, name="incident-snooze"),
    path("incidents/<str:ref>/unsnooze/", incident_unsnooze, name="incident-unsnooze"),
    path("incidents/<str:ref>/pass-on/", incident_pass_on, name="incident-pass-on"),
]
