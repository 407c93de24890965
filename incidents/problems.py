"""Answer every failure of the API as a problem document (RFC 9457).

{"type": "…/docs/#bad_input", "title": "…", "status": 422, "detail": "…",
 "code": "bad_input", "errors": [{"field": "tlp", "value": "PINK", "remedy": "…"}]}
"""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response

from incidents.errors import BadInput, NotPossible, TocsinError, Unavailable

# What `code` may say; the reference page lists it.
CODES: Final = {
    "bad_input": "422: what was sent cannot be used; `errors` names field, value, remedy.",
    "bad_request": "400: the request is not readable: its host, its form or its size.",
    "malformed_json": "400: the body is not JSON.",
    "not_authenticated": "401: send a token.",
    "authentication_failed": "401: the token is unknown, expired or revoked.",
    "not_allowed": "403: you may see it, but your role or token may not do this.",
    "permission_denied": "403: the session's request lacks its CSRF token.",
    "not_found": "404: there is nothing here that you may see.",
    "method_not_allowed": "405: the address does not know this method.",
    "not_acceptable": "406: only JSON is answered.",
    "not_possible": "409: not in the present state, which `state` gives.",
    "too_large": "413: more bytes than the limit.",
    "no_room": "507: the disk for files is nearly full; nothing was stored, all else works.",
    "unsupported_media_type": "415: send JSON; files as a multipart form.",
    "unavailable": "503: nothing was stored; try again after `Retry-After` seconds.",
}
CONTENT_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 2
_MAX_ECHO: Final = 200
_CUT_SHORT: Final = "The body ended before its announced length. Nothing was stored."
_NOT_FOUND: Final = "There is nothing at this address that you may see."

log = structlog.get_logger(__name__)


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    errors: list[dict[str, Any]] | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """Return the body of one problem document."""
    body = {
        "type": f"/api/docs/#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    return body | ({"errors": errors} if errors else {}) | extra


def problem_page(*, status: int, code: str, detail: str) -> HttpResponse:
    """Return a problem outside the REST framework, for example an unknown address."""
    body = json.dumps(problem(status=status, code=code, detail=detail))
    return HttpResponse(body, status=status, content_type=CONTENT_TYPE)


def problem_response(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn an exception of a REST view into its problem, None for a fault of ours."""
    request = context["request"]
    if isinstance(error, TocsinError):
        return _respond(_of_domain(error))
    if isinstance(error, Http404 | UnreadablePostError):
        return _respond(_of_request(error))
    if isinstance(error, exceptions.ValidationError):
        return _respond(_of_validation(error, _sent(request)))
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    # Gone, restarting, out of connections, or a lock that did not come: all pass.
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("database unavailable", error=type(error).__name__)
        return _respond(_of_domain(Unavailable()))
    return None


def _of_request(error: Http404 | UnreadablePostError) -> dict[str, Any]:
    if isinstance(error, Http404):
        return problem(status=404, code="not_found", detail=_NOT_FOUND)
    return problem(status=400, code="bad_request", detail=_CUT_SHORT)


def _respond(body: dict[str, Any]) -> Response:
    headers = {}
    if body["status"] == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return Response(
        body, status=body["status"], content_type=CONTENT_TYPE, headers=headers
    )


def _of_domain(error: TocsinError) -> dict[str, Any]:
    body = problem(status=error.status, code=error.code, detail=error.message)
    if isinstance(error, BadInput):
        entry = {
            "field": error.field,
            "value": _echo(error.value),
            "remedy": error.remedy,
        }
        return body | {"errors": [entry]}
    if isinstance(error, NotPossible):
        return body | {"state": error.state}
    return body


def _of_framework(error: exceptions.APIException) -> Response:
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else "error"
    response = _respond(
        problem(status=error.status_code, code=code, detail=str(error.detail))
    )
    challenge = getattr(error, "auth_header", None)
    if challenge:
        response["WWW-Authenticate"] = challenge
    return response


def _sent(request: Any) -> Any:
    try:
        return (
            request.data
            if request.method not in {"GET", "HEAD"}
            else request.query_params
        )
    except exceptions.APIException:
        return {}


def _of_validation(error: exceptions.ValidationError, sent: Any) -> dict[str, Any]:
    errors = list(_flatten(error.detail, sent, path=""))
    detail = "; ".join(f"{entry['field']}: {entry['remedy']}" for entry in errors)
    return problem(status=422, code="bad_input", detail=detail, errors=errors)


def _flatten(detail: Any, sent: Any, *, path: str) -> Iterator[dict[str, Any]]:
    if isinstance(detail, dict):
        for key, inner in detail.items():
            name = path if key == "non_field_errors" else f"{path}.{key}".lstrip(".")
            value = sent.get(key) if isinstance(sent, Mapping) else sent
            yield from _flatten(inner, value, path=name)
        return
    for index, inner in enumerate(detail if isinstance(detail, list) else [detail]):
        if isinstance(inner, dict | list):
            value = (
                sent[index] if isinstance(sent, list) and index < len(sent) else sent
            )
            yield from _flatten(inner, value, path=f"{path}[{index}]")
        else:
            yield {"field": path or "body", "value": _echo(sent), "remedy": str(inner)}


def _echo(value: object) -> object:
    """Return what was sent, short enough to be read in an error."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    # Half a surrogate pair is JSON, but no text that can be sent back.
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _MAX_ECHO else text[:_MAX_ECHO] + "…"
