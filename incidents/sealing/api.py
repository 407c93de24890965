"""The log over HTTP, in the formats of C2SP: its head, its tiles, proofs between them.

A head and what lies between two heads are for anybody: witnesses and verifiers need
them, and they hold sizes and hashes. Tiles and places in the tree are for people and
programs that have an account.
"""

from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.errors import BadInput
from incidents.ledger.merkle import HASH_BYTES
from incidents.ledger.tiles import BadTile, parse_tile_path
from incidents.rest import ApiViewSet, StrictSerializer
from incidents.sealing.formats import BYTES, KEPT, TEXT, AsItIs
from incidents.sealing.models import EndedLog
from incidents.sealing.places import newest_note, note_of, sealed_size
from incidents.sealing.tree import consistency_path, inclusion_path, read_tile


class ConsistencyQuery(StrictSerializer):
    """Two sizes of the log: `from`, the smaller one, and `to`."""

    to = serializers.IntegerField(min_value=0)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add the field whose name is a word of Python."""
        return {"from": serializers.IntegerField(min_value=0), **super().get_fields()}


class InclusionQuery(StrictSerializer):
    """A leaf's place and a size of the log; without one, the newest."""

    index = serializers.IntegerField(min_value=0)
    size = serializers.IntegerField(min_value=1, required=False)


# Other specifications describe these, not that of our own API.
@extend_schema(exclude=True)
class OpenLogViewSet(ApiViewSet):
    """What anybody may have of the log."""

    authentication_classes = ()  # type: ignore[assignment]  # nobody is asked
    permission_classes = ()  # type: ignore[assignment]  # for the same reason
    content_negotiation_class = AsItIs
    pagination_class = None

    def checkpoint(self, request: Request) -> HttpResponse:
        """Show the newest head, cosigned where there are witnesses."""
        note = newest_note()
        if note is None:
            raise Http404
        return HttpResponse(
            note, content_type=TEXT, headers={"Cache-Control": "no-cache"}
        )

    def former(self, request: Request, number: int) -> HttpResponse:
        """Show the last head under a name that was given up, counted from 1."""
        ended = EndedLog.objects.filter(number=number).first()
        if ended is None:
            raise Http404
        return HttpResponse(ended.note, content_type=TEXT)

    def consistency(self, request: Request) -> HttpResponse:
        """Prove that the log of one size begins with the log of a smaller one."""
        wanted = self.read_query(ConsistencyQuery)
        old, new = wanted["from"], wanted["to"]
        _check_reached("to", new)
        if old > new:
            raise BadInput("from", str(old), f"Send a size up to {new}.")
        lines = "".join(f"{line}\n" for line in _encoded(consistency_path(old, new)))
        return HttpResponse(lines, content_type=TEXT)


@extend_schema(exclude=True)
class LogViewSet(ApiViewSet):
    """What people and programs with an account may have of the log."""

    content_negotiation_class = AsItIs
    pagination_class = None

    def inclusion(self, request: Request) -> Response:
        """Prove that a leaf is in the log of one size, with that size's head."""
        wanted = self.read_query(InclusionQuery)
        index, size = wanted["index"], wanted.get("size", sealed_size())
        _check_reached("size", size)
        if index >= size:
            raise BadInput("index", str(index), f"Send a place below {size}.")
        body = {
            "index": index,
            "size": size,
            "path": _encoded(inclusion_path(index, size)),
            "checkpoint": note_of(size),
        }
        return Response(body)

    def tile(self, request: Request, rest: str) -> HttpResponse:
        """Show a tile of hashes; its path says how many."""
        try:
            place = parse_tile_path(f"tile/{rest}")
        except BadTile:
            raise Http404 from None
        hashes = read_tile(place.level, place.n, place.width)
        if len(hashes) != place.width * HASH_BYTES:
            raise Http404
        headers = {"Cache-Control": KEPT}
        return HttpResponse(hashes, content_type=BYTES, headers=headers)


def _check_reached(field: str, size: int) -> None:
    reached = sealed_size()
    if size > reached:
        raise BadInput(field, str(size), f"The log has {reached} entries: up to those.")


def _encoded(hashes: Iterable[bytes]) -> list[str]:
    return [b64encode(one).decode() for one in hashes]


urlpatterns: list[URLPattern] = [
    path(
        "checkpoint",
        OpenLogViewSet.as_view({"get": "checkpoint"}),
        name="log-checkpoint",
    ),
    path(
        "<int:number>/checkpoint",
        OpenLogViewSet.as_view({"get": "former"}),
        name="log-former",
    ),
    path(
        "proof/consistency",
        OpenLogViewSet.as_view({"get": "consistency"}),
        name="log-consistency",
    ),
    path(
        "proof/inclusion",
        LogViewSet.as_view({"get": "inclusion"}),
        name="log-inclusion",
    ),
    path("tile/<path:rest>", LogViewSet.as_view({"get": "tile"}), name="log-tile"),
]
