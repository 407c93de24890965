from django.urls import include, path

from escalation.calendars.views import calendar_list
from escalation.routing.views import policy_detail, policy_list
from escalation.runs.views import incident_escalate

urlpatterns = [
    path("", include("escalation.notifications.urls")),
    path("calendars/", calendar_list, name="calendar-list"),
    path("policies/", policy_list, name="policy-list"),
    path("policies/<int:pk>/", policy_detail, name="policy-detail"),
    path("incidents/<str:ref>/escalate/", incident_escalate, name="incident-escalate"),
]
