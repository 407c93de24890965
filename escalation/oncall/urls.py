from django.urls import path

from escalation.oncall.feed_views import schedule_feed

urlpatterns = [
    path("oncall/feeds/<str:secret>.ics", schedule_feed, name="schedule-feed"),
]
