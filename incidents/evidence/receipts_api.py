"""Receipts over REST."""

from typing import Any, Final

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.evidence.handing_receipts import receipt_response
from incidents.evidence.receipts import (
    ACTS,
    RETRY_AFTER_SECONDS,
    Receipt,
    receipt_of_act,
    receipt_of_entry,
)
from incidents.incident.models import Incident
from incidents.incident.viewset import IncidentApiViewSet

_PROOF: Final = {
    (200, "text/plain"): OpenApiResponse(
        OpenApiTypes.STR,
        description="c2sp.org/tlog-proof@v1; the header Tocsin-Cosigned says "
        "whether witnesses signed its head: yes or no",
    ),
}


class WaitingReceiptSerializer(serializers.Serializer[Any]):
    """The entry is recorded, and its proof not made yet."""

    state = serializers.CharField(help_text="always `waiting`")
    leaf_hash = serializers.CharField()


class ReceiptViewSet(IncidentApiViewSet):
    """Hand out proofs that entries are in the log."""

    @extend_schema(responses={**_PROOF, 202: WaitingReceiptSerializer})
    @action(detail=True, url_path=r"entries/(?P<seq>[0-9]{1,9})/receipt")
    def receipt(self, request: Request, ref: str, seq: str) -> HttpResponseBase:
        """Return the proof of an entry of your timeline; 202 until the log proves it."""
        incident, sides = self.find_for_reading()
        receipt = receipt_of_entry(incident, [side.pk for side in sides], int(seq))
        return _answer(incident, receipt)

    @extend_schema(responses={**_PROOF, 202: WaitingReceiptSerializer})
    @action(
        detail=True, url_path=rf"receipts/(?P<act>{'|'.join(ACTS)})", url_name="act"
    )
    def act_receipt(self, request: Request, ref: str, act: str) -> HttpResponseBase:
        """Return the proof of what you did: filed or acknowledged; 202 as above."""
        incident, sides = self.find_for_reading()
        ids = [side.pk for side in sides]
        return _answer(incident, receipt_of_act(incident, ids, act, user=self.person))


def _answer(incident: Incident, receipt: Receipt) -> HttpResponseBase:
    if receipt.proof is not None:
        return receipt_response(incident, receipt)
    body = {"state": "waiting", "leaf_hash": receipt.leaf_hash}
    return Response(
        WaitingReceiptSerializer(body).data,
        status=status.HTTP_202_ACCEPTED,
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )
