"""Evidence bundles over REST: ask for one, watch it, fetch it."""

from typing import Any

from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.errors import BadInput
from incidents.evidence.audiences import chosen_audience
from incidents.evidence.fetching import bundle_response
from incidents.evidence.models import EvidenceBundle
from incidents.evidence.redaction import BadRule, rules_from_body
from incidents.evidence.requesting import Wanted, request_bundle, visible_bundles
from incidents.evidence.serializers import EvidenceBody, EvidenceSerializer
from incidents.incident.access import acting_organisation
from incidents.incident.viewset import IDEMPOTENCY_KEY, IncidentApiViewSet
from incidents.organisations.roles import Action
from incidents.rest import UID
from incidents.timers.clock import read_now

RETRY_AFTER_SECONDS = 2


class EvidenceViewSet(IncidentApiViewSet):
    """Ask for evidence bundles and fetch them."""

    @extend_schema(responses=EvidenceSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, url_path="evidence")
    def evidence(self, request: Request, ref: str) -> Response:
        """List what your organisations handed out of the incident, newest first."""
        incident, sides = self.find_for_reading()
        rows = visible_bundles(incident, [side.pk for side in sides])
        return Response(self._shown(rows, many=True))

    @extend_schema(
        request=EvidenceBody,
        parameters=[IDEMPOTENCY_KEY],
        responses={202: EvidenceSerializer},
    )
    @evidence.mapping.post
    def ask(self, request: Request, ref: str) -> Response:
        """Have a bundle built; watch its address until its state is `ready`."""
        promise = self.promise()
        incident, body = self.find(), self.read_body(EvidenceBody)
        organisation = acting_organisation(
            self.person, incident, Action.EXPORT, slug=body["organisation"]
        )
        wanted = self._wanted(
            body, chosen_audience(incident, organisation, body["audience"]).stream
        )
        pk, headers = self.once(
            promise,
            incident,
            lambda now: (
                request_bundle(
                    incident,
                    wanted,
                    organisation=organisation,
                    user=self.person,
                    now=now,
                ).pk
            ),
        )
        row = visible_bundles(incident, [organisation.pk]).get(pk=pk)
        shown = self._shown(row)
        headers |= {"Location": shown["url"], "Retry-After": str(RETRY_AFTER_SECONDS)}
        return Response(
            shown,
            status=status.HTTP_202_ACCEPTED,
            headers=headers,
        )

    @extend_schema(responses=EvidenceSerializer)
    @action(detail=True, url_path=f"evidence/(?P<uid>{UID})")
    def bundle(self, request: Request, ref: str, uid: str) -> Response:
        """Say how far a bundle is."""
        row = self._find_bundle(uid)
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if row.is_open else {}
        return Response(self._shown(row), headers=headers)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, url_path=f"evidence/(?P<uid>{UID})/file")
    def fetch(self, request: Request, ref: str, uid: str) -> FileResponse:
        """Fetch the zip file of a bundle that is ready."""
        row, now = self._find_bundle(uid), read_now()
        self.note([row.incident], [f"evidence:{row.uid}"])
        return bundle_response(row, by=f"user:{self.person.pk}", now=now)

    def _find_bundle(self, uid: str) -> EvidenceBundle:
        incident, sides = self.find_for_reading()
        rows = visible_bundles(incident, [side.pk for side in sides])
        row = rows.filter(uid=uid).first()
        if row is None:
            raise Http404
        return row

    def _wanted(self, body: dict[str, Any], stream: Any) -> Wanted:
        try:
            rules = rules_from_body(body["redactions"])
        except BadRule as error:
            raise BadInput("redactions", body["redactions"], str(error)) from None
        return Wanted(
            stream,
            body["recipient"],
            rules,
            has_files=body["has_files"],
            seen_size=body.get("seen_size"),
        )

    def _shown(self, rows: Any, **more: Any) -> Any:
        absolute = self.request.build_absolute_uri
        context = {"absolute": absolute, "now": read_now()}
        return EvidenceSerializer(rows, context=context, **more).data
