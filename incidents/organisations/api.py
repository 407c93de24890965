"""Organisations that you know of, over REST."""

from collections.abc import Sequence
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.organisations.directory import organisations_known_to
from incidents.organisations.models import Organisation, OrganisationKind
from incidents.rest import ApiViewSet


class OrganisationSerializer(serializers.Serializer[Any]):
    """An organisation, and what you are in it."""

    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(OrganisationKind.choices)
    roles = serializers.ListField(child=serializers.CharField())


class OrganisationViewSet(ApiViewSet):
    """Your organisations, the agencies, and the labs that share with you."""

    queryset = Organisation.objects.none()
    serializer_class = OrganisationSerializer
    lookup_field = "slug"
    ordering = ("name", "id")

    def list(self, request: Request) -> Response:
        """List the organisations that you know of."""
        return self.respond_page(organisations_known_to(self.person), self._render)

    def retrieve(self, request: Request, slug: str) -> Response:
        """Open one organisation."""
        row = get_object_or_404(organisations_known_to(self.person), slug=slug)
        return Response(self._render([row])[0])

    def _render(self, rows: Sequence[Organisation]) -> Sequence[Any]:
        roles: dict[int, Any] = {}
        mine = self.person.memberships.filter(ended_at=None).order_by("pk")
        for pk, role in mine.values_list("organisation_id", "role"):
            roles.setdefault(pk, []).append(role)
        shown = [
            {
                "slug": r.slug,
                "name": r.name,
                "kind": r.kind,
                "roles": roles.get(r.pk, []),
            }
            for r in rows
        ]
        return list(OrganisationSerializer(shown, many=True).data)
