"""The witness's own addresses, in the formats of C2SP, for logs and for whoever watches."""

import re
from http import HTTPStatus
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from incidents.errors import BadConfiguration
from incidents.ledger.witness_core import MAX_REQUEST_BYTES, TEXT_TYPE
from incidents.timers.clock import read_now
from incidents.witnessing.cosigning import head_to_cosign
from incidents.witnessing.hosting import add_checkpoint, cosigned_head
from incidents.witnessing.own_policy import own_policy
from incidents.witnessing.pulled import NotTaken, take_note

_HASH: Final = re.compile("[0-9a-f]{64}")


@csrf_exempt
@require_POST
def witness_add_checkpoint(request: HttpRequest) -> HttpResponse:
    """Cosign the head of a log that is watched here."""
    body = request.read(MAX_REQUEST_BYTES + 1)
    try:
        answer = add_checkpoint(body, read_now())
    except BadConfiguration as error:
        return _text(f"{error.message}\n", HTTPStatus.SERVICE_UNAVAILABLE)
    return HttpResponse(
        answer.body, status=answer.status, content_type=answer.content_type
    )


@require_GET
def witness_checkpoint(request: HttpRequest, origin_hash: str) -> HttpResponse:
    """Show the newest head of a log that was cosigned here."""
    note = cosigned_head(origin_hash) if _HASH.fullmatch(origin_hash) else None
    if note is None:
        raise Http404
    return _text(note)


@require_GET
def log_newest(request: HttpRequest) -> HttpResponse:
    """Show the newest signed head of our log, for witnesses that fetch it to cosign.

    Nothing while older entries are still to be sealed.
    """
    head = head_to_cosign(read_now())
    if head is None:
        raise Http404
    return _text(head.note)


@csrf_exempt
@require_POST
def log_cosignatures(request: HttpRequest) -> HttpResponse:
    """Take the lines of witnesses that fetched a head of our log."""
    body = request.read(MAX_REQUEST_BYTES + 1)
    try:
        names = take_note(body, read_now())
    except NotTaken as error:
        return _text(f"{error}\n", HTTPStatus.UNPROCESSABLE_ENTITY)
    return _text("".join(f"{name}\n" for name in names))


@require_GET
def log_policy(request: HttpRequest) -> HttpResponse:
    """Show which witnesses this installation asks and waits for, as a policy file."""
    policy = own_policy()
    if not policy.logs:
        raise Http404
    remark = (
        "# Not to be believed because it stands here: whoever verifies gets the keys\n"
        "# by another way and keeps a file like this.\n"
    )
    return _text(remark + policy.write())


def _text(text: str, status: int = HTTPStatus.OK) -> HttpResponse:
    headers = {"Cache-Control": "no-cache"}
    return HttpResponse(text, status=status, content_type=TEXT_TYPE, headers=headers)
