"""What all REST views of filings share: how one is found, read and rendered."""

from collections.abc import Sequence
from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.filings.access import FilingSeen, find_filing
from escalation.filings.models import Filing
from escalation.filings.serializers import FilingSerializer, render_filing
from escalation.filings.showing import shown_filing
from incidents.incident.access import note_reading
from incidents.models import Incident
from incidents.organisations.authentication import reader_name
from incidents.rest import ApiViewSet
from incidents.timers.clock import read_now

# Which of several parts an agency reads and acts on.
PART: Final = OpenApiParameter(
    "part",
    OpenApiTypes.STR,
    description="the key of your agency's part, if it has several of the filing",
)


class FilingApiViewSet(ApiViewSet):
    """Base of the views of filings, found by their reference."""

    queryset = Filing.objects.none()
    lookup_field = "ref"
    lookup_value_regex = "[A-Za-z0-9-]+"
    serializer_class = FilingSerializer

    def find(self) -> FilingSeen:
        """Return the filing of the address. Raises Http404 when it is not visible."""
        part = self.request.query_params.get("part", "")
        return find_filing(self.person, self.kwargs["ref"], part=part)

    def note(self, rows: Sequence[Filing], targets: Sequence[str]) -> None:
        """Record what is about to be read. Raises Unavailable."""
        note_filings(self.request, rows, targets)

    def respond(self, filing: Filing, *, code: int = status.HTTP_200_OK) -> Response:
        """Return the filing as it now is."""
        part = self.request.query_params.get("part", "")
        seen = find_filing(self.person, filing.ref, part=part)
        self.note([filing], [f"filing:{filing.ref}"])
        return Response(self.body_of(seen), status=code)

    def body_of(self, seen: FilingSeen) -> Any:
        """Return the body of one filing."""
        absolute = self.request.build_absolute_uri
        return FilingSerializer(
            render_filing(shown_filing(seen), absolute=absolute, now=read_now())
        ).data


def note_filings(
    request: Request, rows: Sequence[Filing], targets: Sequence[str]
) -> None:
    """Record that filings are about to be read. Raises Unavailable."""
    user = request.user
    note_reading(
        reader=reader_name(request),
        user=user,  # type: ignore[arg-type]  # HasScope let only people in
        incidents=_visible_incidents(user, rows),
        targets=targets,
        now=read_now(),
    )


def _visible_incidents(user: Any, rows: Sequence[Filing]) -> list[Incident]:
    """Return the one incident that the reading belongs to, none for several."""
    ids = {row.incident_id for row in rows}
    return list(Incident.objects.visible_to(user).filter(pk__in=ids))
