"""Answer senders that ask first whether an address wants what they send. Pure.

Azure Event Grid posts a validation event and expects its code back with 200; with the
schema of CloudEvents it asks by OPTIONS, naming its origin, as other senders of
CloudEvents do. Whoever knows the secret address may send there: knowing it is the
permission, so both are granted at once.

>>> body = b'[{"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", \
"data": {"validationCode": "512d38b6"}}]'
>>> validation_code("azure_event_grid", body)
'512d38b6'
>>> granted({"webhook-request-origin": "eventgrid.azure.net"}.get)
{'Allow': 'POST', 'WebHook-Allowed-Origin': 'eventgrid.azure.net'}

Source: https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema
and CloudEvents, "HTTP 1.1 Web Hooks for Event Delivery", section 4.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from incidents.intake.adapters.azure_event_grid import VALIDATION_EVENT

GRID_TOOLS: Final = ("azure_event_grid", "azure_ml")
ORIGIN_TOOLS: Final = (*GRID_TOOLS, "cloudevents", "generic")
MAX_CODE: Final = 200
_ORIGIN: Final = re.compile(r"[A-Za-z0-9.*:_-]{1,255}")
_RATE: Final = re.compile(r"[0-9]{1,9}|\*")


def validation_code(tool: str, body: bytes) -> str:
    """Return the code that Event Grid wants back; empty for any other body."""
    if tool not in GRID_TOOLS or VALIDATION_EVENT.encode() not in body:
        return ""
    try:
        events = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    # Event Grid sends it by itself: other events must not go unread behind it.
    if not isinstance(events, list) or len(events) != 1:
        return ""
    return _code_in(events[0])


def _code_in(event: Any) -> str:
    if not isinstance(event, dict) or event.get("eventType") != VALIDATION_EVENT:
        return ""
    data = event.get("data")
    code = data.get("validationCode") if isinstance(data, dict) else None
    return code[:MAX_CODE] if isinstance(code, str) else ""


def is_asked(tool: str, method: str, header: Callable[[str], str | None]) -> bool:
    """Tell whether a request asks for permission to send. Header names are in lower case."""
    is_options = method == "OPTIONS" and tool in ORIGIN_TOOLS
    return is_options and bool(header("webhook-request-origin"))


def granted(header: Callable[[str], str | None]) -> dict[str, str]:
    """Return the headers that permit what was asked; none for an origin that is no name."""
    origin = (header("webhook-request-origin") or "").strip()
    if not _ORIGIN.fullmatch(origin):
        return {}
    headers = {"Allow": "POST", "WebHook-Allowed-Origin": origin}
    rate = (header("webhook-request-rate") or "").strip()
    if _RATE.fullmatch(rate):
        headers["WebHook-Allowed-Rate"] = "*"
    return headers
