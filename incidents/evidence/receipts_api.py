"""Receipts over REST."""

from typing import Any, Final

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.evidence.receipts import (
    RETRY_AFTER_SECONDS,
    Receipt,
    receipt_of_entry,
)
from incidents.incident.models import Incident
from incidents.incident.viewset import IncidentApiViewSet

COSIGNED: Final = "Tocsin-Cosigned"


class WaitingReceiptSerializer(serializers.Serializer[Any]):
    """The entry is recorded, and its proof not made yet."""

    state = serializers.CharField(help_text="always `waiting`")
    leaf_hash = serializers.CharField()


class ReceiptViewSet(IncidentApiViewSet):
    """Hand out proofs that entries are in the log."""

    @extend_schema(
        responses={
            (200, "text/plain"): OpenApiResponse(
                OpenApiTypes.STR,
                description="c2sp.org/tlog-proof@v1; the header Tocsin-Cosigned says "
                "whether witnesses signed its head: yes or no",
            ),
            202: WaitingReceiptSerializer,
        }
    )
    @action(detail=True, url_path=r"entries/(?P<seq>[0-9]{1,9})/receipt")
    def receipt(self, request: Request, ref: str, seq: str) -> HttpResponseBase:
        """Return the proof of an entry of your timeline; 202 until the log proves it."""
        incident, sides = self.find_for_reading()
        receipt = receipt_of_entry(incident, [side.pk for side in sides], int(seq))
        if receipt.proof is None:
            body = {"state": "waiting", "leaf_hash": receipt.leaf_hash}
            return Response(
                WaitingReceiptSerializer(body).data,
                status=status.HTTP_202_ACCEPTED,
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
        return receipt_response(incident, receipt)


def receipt_response(incident: Incident, receipt: Receipt) -> HttpResponse:
    """Return the proof file as a download. Requires that there is one."""
    response = HttpResponse(receipt.proof, content_type="text/plain; charset=utf-8")
    name = receipt.filename(incident)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response[COSIGNED] = "yes" if receipt.is_cosigned else "no"
    response["Cache-Control"] = "private, no-store"
    return response
