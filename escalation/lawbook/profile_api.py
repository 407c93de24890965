"""The legal profile over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.lawbook.access import organisations_of
from escalation.lawbook.models import LegalProfile
from escalation.lawbook.profile_editing import ProfileDraft, save_profile
from escalation.lawbook.serializers import (
    ProfileBody,
    ProfileSerializer,
    render_profile,
)
from incidents.errors import NotAllowed
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, StrictSerializer
from incidents.timers.clock import read_now


class ProfileQuery(StrictSerializer):
    """Of which organisation; needed only if you have several."""

    organisation = serializers.SlugField(default="", allow_blank=True)


class LegalProfileViewSet(ApiViewSet):
    """Which laws your organisation is under, and who answers for them."""

    queryset = LegalProfile.objects.none()
    serializer_class = ProfileSerializer
    write_scope = Scope.CONFIGURE
    pagination_class = None

    @extend_schema(parameters=[ProfileQuery])
    @action(detail=False, url_path="legal-profile")
    def profile(self, request: Request) -> Response:
        """Open the legal profile."""
        organisation = self._organisation(Action.READ)
        return Response(self._render(organisation))

    @extend_schema(parameters=[ProfileQuery], request=ProfileBody)
    @profile.mapping.put
    def set_profile(self, request: Request) -> Response:
        """Write it as a whole; the clocks of open incidents are counted anew."""
        organisation = self._organisation(Action.CONFIGURE)
        save_profile(
            organisation,
            ProfileDraft(**self.read_body(ProfileBody)),
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        return Response(self._render(organisation))

    def _organisation(self, act: Action) -> Organisation:
        if not organisations_of(self.person).exists():
            raise NotAllowed("You belong to no organisation that is under a law.")
        slug = self.read_query(ProfileQuery)["organisation"]
        return organisation_for(self.person, act, slug=slug)

    def _render(self, organisation: Organisation) -> Any:
        rows = LegalProfile.objects.select_related("accountable", "deputy", "policy")
        row = rows.filter(organisation=organisation).first()
        return render_profile(organisation.slug, row)
