"""Where providers say what people answered. Each answer is signed, or counted and refused."""

import hashlib
import json
from http import HTTPStatus
from typing import Final

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from escalation.replies.buttons import answer_button, read_pressed
from escalation.replies.calls import KEYS, answer_call
from escalation.replies.once import count_refusal
from escalation.replies.signatures import is_from_slack, is_from_twilio
from escalation.replies.texts import TextReply, answer_text
from incidents.timers.clock import read_now

_XML: Final = "text/xml; charset=utf-8"

log = structlog.get_logger(__name__)


@csrf_exempt
@never_cache
@require_POST
def twilio_sms(request: HttpRequest) -> HttpResponse:
    """Take a text message that somebody sent to our number."""
    if not is_from_twilio(request):
        return _refuse("twilio")
    reply = TextReply(
        sender=request.POST.get("From", ""),
        text=request.POST.get("Body", ""),
        message_id=request.POST.get("MessageSid", ""),
    )
    said = answer_text(reply, now=read_now())
    return HttpResponse(_message_script(said), content_type=_XML)


@csrf_exempt
@never_cache
@require_POST
def twilio_voice(request: HttpRequest) -> HttpResponse:
    """Take the key that somebody pressed during a call."""
    if not is_from_twilio(request):
        return _refuse("twilio")
    key = request.POST.get("Digits", "")
    if key not in KEYS:
        again = settings.BASE_URL + request.get_full_path()
        script = _call_script("That key does nothing here.", answers_to=again)
        return HttpResponse(script, content_type=_XML)
    said = answer_call(
        request.GET.get("n", ""),
        key=key,
        call_id=request.POST.get("CallSid", ""),
        now=read_now(),
    )
    return HttpResponse(_call_script(said), content_type=_XML)


@csrf_exempt
@never_cache
@require_POST
def slack_interactive(request: HttpRequest) -> HttpResponse:
    """Take a button that somebody pressed."""
    if not is_from_slack(request):
        return _refuse("slack")
    try:
        pressed = read_pressed(json.loads(request.POST.get("payload", "")))
    except ValueError:
        pressed = None
    if pressed is not None:
        # Slack names no callback; two that are alike in every byte are one.
        callback_id = hashlib.sha256(request.body).hexdigest()
        answer_button(pressed, callback_id=callback_id, now=read_now())
    return HttpResponse(status=HTTPStatus.OK)


def _refuse(provider: str) -> HttpResponse:
    count_refusal(provider)
    log.warning("callback_refused", provider=provider)
    return HttpResponse(status=HTTPStatus.FORBIDDEN)


def _message_script(said: str) -> str:
    from twilio.twiml.messaging_response import (  # noqa: PLC0415  (slow import)
        MessagingResponse,
    )

    script = MessagingResponse()
    if said:
        script.message(said)
    return str(script)


def _call_script(said: str, *, answers_to: str = "") -> str:
    from escalation.notifications.channels import (  # noqa: PLC0415  (slow import)
        twilio_api,
    )

    return twilio_api.call_script(said, answers_to=answers_to)
