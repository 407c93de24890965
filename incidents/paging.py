"""Page lists by keyset: a cursor names the last row, so that new rows move nothing.

`GET …?limit=50&cursor=…` answers `{"next": URL or null, "results": […]}`. The order
always ends in the id, so it is total and every row comes exactly once.
"""

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.core.signing import BadSignature, Signer
from django.db import models
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from incidents.errors import BadInput

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
_REMEDY: Final = "Use the address in `next` unchanged, or leave the cursor out."


class KeysetPages(BasePagination):
    """Cut a queryset into pages along `view.page_order()`, for example `("-opened_at", "-id")`."""

    def paginate_queryset(
        self,
        queryset: models.QuerySet[Any],
        request: Request,
        view: APIView | None = None,
    ) -> list[Any]:
        """Return one page of rows and remember where the next one starts."""
        order: Sequence[str] = view.page_order()  # type: ignore[union-attr]  # our own base class
        limit = _limit(request.query_params.get("limit"))
        cursor = request.query_params.get("cursor")
        if cursor:
            queryset = queryset.filter(
                _after(order, _decode(cursor, order, queryset.model))
            )
        rows = list(queryset.order_by(*order)[: limit + 1])
        self.next_url = None
        if len(rows) > limit:
            rows = rows[:limit]
            url = request.build_absolute_uri()
            self.next_url = replace_query_param(url, "cursor", _encode(rows[-1], order))
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page with the address of the next one."""
        return Response({"next": self.next_url, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page in the OpenAPI document."""
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {"next": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Describe `limit` and `cursor` in the OpenAPI document."""
        limit = {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_LIMIT,
            "default": DEFAULT_LIMIT,
        }
        return [
            {
                "name": "limit",
                "in": "query",
                "schema": limit,
                "description": "rows of a page",
            },
            {
                "name": "cursor",
                "in": "query",
                "schema": {"type": "string"},
                "description": "from the address in `next`",
            },
        ]


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_LIMIT:
        raise BadInput("limit", text, f"Use a whole number from 1 to {MAX_LIMIT}.")
    return int(text)


def _encode(row: models.Model, order: Sequence[str]) -> str:
    values = [getattr(row, name.lstrip("-")) for name in order]
    text = json.dumps(values, cls=_ExactEncoder, separators=(",", ":"))
    encoded = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return _signer(order).sign(encoded)


def _signer(order: Sequence[str]) -> Signer:
    # Signed, so that no other values than those of a row ever reach the database.
    return Signer(salt=f"incidents.paging:{','.join(order)}")


class _ExactEncoder(DjangoJSONEncoder):
    # Django's own encoder cuts microseconds, which would repeat rows.
    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def _decode(cursor: str, order: Sequence[str], model: type[models.Model]) -> list[Any]:
    try:
        encoded = _signer(order).unsign(cursor)
        padded = encoded + "=" * (-len(encoded) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        columns = model._meta  # noqa: SLF001  Django's documented API
        known = {field.name: field for field in columns.concrete_fields}
        # What a list is annotated with, to be ordered by, is an instant.
        fields = [known.get(n.lstrip("-"), models.DateTimeField()) for n in order]
        return [
            field.to_python(value) for field, value in zip(fields, values, strict=True)
        ]
    except (BadSignature, ValueError, TypeError, ValidationError) as error:
        raise BadInput("cursor", cursor, _REMEDY) from error


def _after(order: Sequence[str], values: Sequence[Any]) -> models.Q:
    """Return the condition for rows behind these values in this order."""
    condition = models.Q()
    equal = models.Q()
    for name, value in zip(order, values, strict=True):
        field = name.lstrip("-")
        step = "lt" if name.startswith("-") else "gt"
        condition |= equal & models.Q(**{f"{field}__{step}": value})
        equal &= models.Q(**{field: value})
    return condition
