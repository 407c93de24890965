from django.urls import path

from escalation.lawbook.profile_views import legal_profile
from escalation.lawbook.views import (
    regime_detail,
    regime_diff,
    regime_edit,
    regime_list,
    regime_new,
    regime_retire,
)

urlpatterns = [
    path("regimes/", regime_list, name="regime-list"),
    path("regimes/new/", regime_new, name="regime-new"),
    path("regimes/profile/", legal_profile, name="legal-profile"),
    path("regimes/<slug:regime>/", regime_detail, name="regime-detail"),
    path("regimes/<slug:regime>/diff/", regime_diff, name="regime-diff"),
    path("regimes/<slug:regime>/edit/", regime_edit, name="regime-edit"),
    path("regimes/<slug:regime>/retire/", regime_retire, name="regime-retire"),
]
