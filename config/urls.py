from django.urls import include, path

from config import api, health, log_page, metrics, status_page
from incidents.intake.alertmanager_views import gone as alertmanager_gone

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("status/", status_page.status_page, name="status"),
    # Before the product's own API, which has no such address.
    path("api/v1/alerts", alertmanager_gone, name="alertmanager-v1-bare"),
    path("api/v1/", include((api.api_urls(), "api"))),
    path("api/", include(api.urlpatterns)),
    path("log/", log_page.log_page, name="log"),
    path("log/", include("incidents.audit.entries_api")),
    path("log/", include("incidents.sealing.api")),
    path("", include("incidents.urls")),
    path("", include("escalation.urls")),
]

handler400 = "config.error_pages.unreadable"
handler403 = "config.error_pages.forbidden"
handler404 = "config.error_pages.not_found"
handler500 = "config.error_pages.broken"
