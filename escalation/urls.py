from django.urls import include, path

urlpatterns = [path("", include("escalation.notifications.urls"))]
