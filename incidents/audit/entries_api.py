"""Bundles of entries over HTTP, in the format of C2SP tlog-tiles, for auditors."""

from typing import Final

from django.http import Http404, HttpResponse
from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from incidents.audit.entry_tiles import (
    auditing_organisation,
    has_entries,
    note_span,
    read_bundle,
)
from incidents.ledger.tiles import BadTile, parse_tile_path
from incidents.organisations.authentication import reader_name
from incidents.rest import ApiViewSet
from incidents.sealing.formats import BYTES, KEPT, AsItIs
from incidents.timers.clock import read_now

_TILE: Final = "tile/entries/"


# Another specification describes it, not that of our own API.
@extend_schema(exclude=True)
class EntriesViewSet(ApiViewSet):
    """What auditors of the record may have of the log."""

    content_negotiation_class = AsItIs
    pagination_class = None

    def entries(self, request: Request, rest: str) -> HttpResponse:
        """Show up to 256 entries; the path says which and how many."""
        organisation = auditing_organisation(self.person)
        try:
            place = parse_tile_path(f"{_TILE}{rest}")
        except BadTile:
            raise Http404 from None
        if not has_entries(place.n, place.width):
            raise Http404
        note_span(
            place.n,
            reader=reader_name(request),
            user=self.person,
            organisation=organisation,
            now=read_now(),
        )
        bundle = read_bundle(place.n, place.width)
        return HttpResponse(bundle, content_type=BYTES, headers={"Cache-Control": KEPT})


urlpatterns: list[URLPattern] = [
    path(
        f"{_TILE}<path:rest>",
        EntriesViewSet.as_view({"get": "entries"}),
        name="log-entries",
    ),
]
