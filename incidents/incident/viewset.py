"""What the endpoints under one incident share, in every slice of both apps."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.incident.access import find_incident, note_reading, sides_of
from incidents.incident.idempotency import Promise, do_once, read_promise
from incidents.incident.models import Incident
from incidents.incident.rendering import render_incidents
from incidents.incident.serializers import IncidentSerializer
from incidents.organisations.authentication import reader_name
from incidents.organisations.models import Organisation
from incidents.rest import ApiViewSet, StrictSerializer
from incidents.timers.clock import read_now

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="the same key and body again are done once, for 7 days",
)


def with_address(receipt: Mapping[str, str], request: Request) -> dict[str, str]:
    """Return the receipt with the whole address of its proof."""
    return {**receipt, "url": request.build_absolute_uri(receipt["path"])}


class SideBody(StrictSerializer):
    """For which of your organisations you act; needed only if you have several."""

    organisation = serializers.SlugField(default="", allow_blank=True)


class IncidentApiViewSet(ApiViewSet):
    """Base of the endpoints under one incident: finds it and notes the reading."""

    queryset = Incident.objects.none()
    lookup_field = "ref"
    lookup_value_regex = "[A-Za-z0-9-]+"
    serializer_class = IncidentSerializer

    def find(self) -> Incident:
        """Return the incident of the address. Raises Http404 when it is not visible."""
        return find_incident(self.person, self.kwargs["ref"])

    def find_for_reading(self) -> tuple[Incident, list[Organisation]]:
        """Return the incident and the sides that see it, once the reading is recorded."""
        incident = self.find()
        self.note([incident], [f"incident:{incident.ref}"])
        return incident, sides_of(self.person, incident)

    def promise(self) -> Promise | None:
        """Return what the request promises by its Idempotency-Key. Raises BadInput.

        Call it before the body is parsed: it takes the exact bytes.
        """
        return read_promise(
            caller=reader_name(self.request),
            endpoint=f"{self.request.method} {self.request.path}",
            key=self.request.headers.get("Idempotency-Key"),
            body=self.request._request.body,  # noqa: SLF001  the exact bytes
        )

    def once(
        self,
        promise: Promise | None,
        incident: Incident,
        act: Callable[[datetime], int],
    ) -> tuple[int, dict[str, str]]:
        """Do what is asked once for a promise; returns the id of it, and headers.

        `act` takes the instant, and returns the id of what it made or changed.
        """
        now = read_now()
        found, is_new = do_once(promise, incident, lambda: act(now), now=now)
        return found, {} if is_new else {"Idempotent-Replayed": "true"}

    def note(self, incidents: Sequence[Incident], targets: Sequence[str]) -> None:
        """Record what is about to be read. Raises Unavailable."""
        note_reading(
            reader=reader_name(self.request),
            user=self.person,
            incidents=incidents,
            targets=targets,
            now=read_now(),
        )

    def respond_incident(self, incident: Incident) -> Response:
        """Return the incident as it now is. Raises Http404 when it went out of sight."""
        incident = find_incident(self.person, incident.ref)
        self.note([incident], [f"incident:{incident.ref}"])
        return Response(IncidentSerializer(self.render([incident])[0]).data)

    def with_address(self, receipt: Mapping[str, str]) -> dict[str, str]:
        """Return the receipt with the whole address of its proof."""
        return with_address(receipt, self.request)

    def render(self, rows: Sequence[Incident]) -> list[dict[str, Any]]:
        """Return the incidents as this person sees them."""
        absolute = self.request.build_absolute_uri
        return render_incidents(rows, user=self.person, absolute=absolute)
