from django.urls import path

from escalation.notifications.ack_views import acknowledge_page

urlpatterns = [
    path("ack/<str:token>/", acknowledge_page, name="acknowledge-by-link"),
]
