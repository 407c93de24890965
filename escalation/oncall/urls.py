from django.urls import path

from escalation.oncall import calendar_views, cover_views, edit_views, views
from escalation.oncall.feed_views import schedule_feed

_ONE = "oncall/<int:pk>/"

urlpatterns = [
    path("oncall/", views.schedule_list, name="schedule-list"),
    path("oncall/new/", edit_views.schedule_new, name="schedule-new"),
    path(_ONE, views.schedule_detail, name="schedule-detail"),
    path(f"{_ONE}edit/", edit_views.schedule_edit, name="schedule-edit"),
    path(f"{_ONE}archive/", edit_views.schedule_archive, name="schedule-archive"),
    path(f"{_ONE}override/", cover_views.override_new, name="override-new"),
    path(f"{_ONE}swap/", cover_views.swap_new, name="swap-new"),
    path(f"{_ONE}feed/", calendar_views.feed_new, name="feed-new"),
    path(f"{_ONE}import/", calendar_views.calendar_import, name="calendar-import"),
    path(
        "oncall/overrides/<int:pk>/cancel/",
        cover_views.override_cancel,
        name="override-cancel",
    ),
    path(
        "oncall/swaps/<int:pk>/<slug:answer>/",
        cover_views.swap_answer,
        name="swap-answer",
    ),
    path(
        "oncall/feeds/<int:pk>/revoke/", calendar_views.feed_revoke, name="feed-revoke"
    ),
    path(
        "oncall/calendars/<int:pk>/refresh/",
        calendar_views.calendar_refresh,
        name="calendar-refresh",
    ),
    path(
        "oncall/calendars/<int:pk>/remove/",
        calendar_views.calendar_remove,
        name="calendar-remove",
    ),
    path("oncall/feeds/<str:secret>.ics", schedule_feed, name="schedule-feed"),
]
