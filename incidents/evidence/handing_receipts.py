"""Answers whoever asks for a receipt: with its file, or with a page that waits for it."""

from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from incidents.evidence.receipts import RETRY_AFTER_SECONDS, Receipt
from incidents.incident.models import Incident

COSIGNED: Final = "Tocsin-Cosigned"


def receipt_response(incident: Incident, receipt: Receipt) -> HttpResponse:
    """Return the proof file as a download. Requires that there is one."""
    response = HttpResponse(receipt.proof, content_type="text/plain; charset=utf-8")
    name = receipt.filename(incident)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response[COSIGNED] = "yes" if receipt.is_cosigned else "no"
    response["Cache-Control"] = "private, no-store"
    return response


def receipt_or_waiting(
    request: HttpRequest, incident: Incident, receipt: Receipt, *, title: str
) -> HttpResponse:
    """Return the file; while the log has not proved it, a page that asks again.

    `title` is what the reader may know of the incident's.
    """
    if receipt.proof is not None:
        return receipt_response(incident, receipt)
    context: dict[str, Any] = {"incident": incident, "title": title}
    context |= {"receipt": receipt, "seconds": RETRY_AFTER_SECONDS}
    response = render(
        request,
        "incidents/evidence/waiting.html",
        context,
        status=HTTPStatus.ACCEPTED,
    )
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
