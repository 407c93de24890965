"""What all REST views of both apps share: who asks, with which scope, in which words.

A view parses with a `StrictSerializer`, checks the role, makes one domain call and
renders. Reading needs the scope `read`, anything else the view's `write_scope`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404
from django.utils.dateparse import parse_datetime
from rest_framework import exceptions, serializers, viewsets
from rest_framework.authentication import SessionAuthentication
from rest_framework.parsers import JSONParser
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.errors import BadInput, NotAllowed, TooLarge
from incidents.organisations.authentication import TokenAuthentication
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import ApiToken, Organisation, User
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.paging import KeysetPages
from incidents.problems import problem_response

UID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SURROGATE = re.compile("[\ud800-\udfff]")

SerializerT = TypeVar("SerializerT", bound=serializers.BaseSerializer[Any])


class HasScope(BasePermission):
    """Let signed-in people in, and tokens as far as their scopes go."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the caller may try this at all. Raises NotAllowed for a lacking scope."""
        if not isinstance(request.user, User):
            return False
        if isinstance(request.auth, ApiToken):
            _require_scope(request.auth, _needed_scope(request, view))
        return True


class MalformedJson(exceptions.ParseError):
    """The body is not JSON."""

    default_code = "malformed_json"


class JsonBody(JSONParser):
    """Read a JSON body and say where it breaks."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the value. Raises MalformedJson, BadInput for text that is none."""
        try:
            value = super().parse(stream, media_type, parser_context)
            _check_text(value, path="")
        except (exceptions.ParseError, RecursionError, UnicodeDecodeError) as error:
            message = f"The body is not readable as JSON in UTF-8: {error}"
            raise MalformedJson(message) from error
        return value


class ApiViewSet(viewsets.GenericViewSet[Any]):
    """Base of all REST views. Requires `page_order()` to end in the id."""

    authentication_classes = (TokenAuthentication, SessionAuthentication)
    permission_classes = (HasScope,)
    parser_classes = (JsonBody,)
    renderer_classes = (JSONRenderer,)
    pagination_class: type[KeysetPages] | None = KeysetPages
    write_scope: ClassVar[str] = Scope.WRITE
    max_body_bytes: ClassVar[int] = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    ordering: ClassVar[tuple[str, ...]] = ("id",)

    def page_order(self) -> Sequence[str]:
        """Return the total order of the list."""
        return self.ordering

    def get_exception_handler(self) -> Callable[..., Response | None]:
        """Return the handler that makes problem documents."""
        return problem_response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what is too large before anything reads it."""
        _check_length(request, limit=self.max_body_bytes)
        super().initial(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Keep answers out of caches: what one may see, another may not."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    @property
    def person(self) -> User:
        """The signed-in person."""
        return self.request.user  # type: ignore[return-value]  # HasScope let only people in

    def read_body(self, serializer_class: type[SerializerT]) -> Any:
        """Return the checked body. Raises ValidationError."""
        serializer = serializer_class(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def read_query(self, serializer_class: type[SerializerT]) -> Any:
        """Return the checked query; `limit` and `cursor` are the pages' own."""
        query = self.request.query_params
        sent = {name: query[name] for name in query if name not in {"limit", "cursor"}}
        serializer = serializer_class(data=sent)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def respond_page(
        self, rows: Any, render: Callable[[list[Any]], Sequence[Any]]
    ) -> Response:
        """Return one page of rows; `render` gets them all at once."""
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(render(page or []))


class OwnedViewSet(ApiViewSet):
    """Base of views of rows of an organisation, found by `uid`.

    `visible()` says which rows the person sees, with their organisation.
    """

    lookup_field = "uid"
    lookup_value_regex = UID

    def visible(self) -> QuerySet[Any]:
        """Return the rows that the person sees."""
        raise NotImplementedError

    def list_rows(self, render: Callable[[list[Any]], Sequence[Any]]) -> Response:
        """Return a page of the rows, of one organisation if the query names it."""
        wanted = self.read_query(OrganisationQuery)
        return self.respond_page(self.visible().filter(**wanted), render)

    def find(self) -> Any:
        """Return the row that the address names. Raises Http404."""
        row = self.visible().filter(uid=self.kwargs["uid"]).first()
        if row is None:
            raise Http404
        return row

    def owner_of(self, row: Any, action: Action) -> Organisation:
        """Return the row's organisation if the person may do this for it.

        Raises NotAllowed.
        """
        return organisation_for(self.person, action, slug=row.organisation.slug)


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses what it does not know, by name."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Send a JSON object, for example {{}}; this is a {datatype}.",
        "unknown": "This is not a field here. Known: {known}.",
    }

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields; a wrong choice is answered with the right ones."""
        fields = super().get_fields()
        for field in fields.values():
            chosen = getattr(field, "child", field)
            if isinstance(chosen, serializers.ChoiceField):
                known = ", ".join(str(choice) for choice in chosen.choices)
                chosen.error_messages["invalid_choice"] = f"Use one of {known}."
        return fields

    def to_internal_value(self, data: Any) -> Any:
        """Return the checked values. Raises ValidationError, also for unknown names."""
        if isinstance(data, Mapping):
            writable = [
                name for name, field in self.fields.items() if not field.read_only
            ]
            known = ", ".join(writable) or "none"
            message = self.error_messages["unknown"].format(known=known)
            unknown = {str(name): [message] for name in data if name not in writable}
            if unknown:
                raise exceptions.ValidationError(unknown)
        return super().to_internal_value(data)


class OrganisationQuery(StrictSerializer):
    """Narrow a list to one organisation."""

    organisation = serializers.SlugField(
        source="organisation__slug", required=False, help_text="its slug"
    )


class InstantField(serializers.DateTimeField):
    """A timestamp with its offset: `2026-11-02T03:00:00+01:00`."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "offset": "Say the offset from UTC too, for example 2026-11-02T03:00:00+01:00 or …Z.",
        "invalid": "Write it like 2026-11-02T03:00:00+01:00.",
    }

    def to_internal_value(self, value: Any) -> datetime:
        """Return the instant. Raises ValidationError when no offset was sent."""
        try:
            parsed = parse_datetime(value) if isinstance(value, str) else None
            if parsed is not None and parsed.tzinfo is None:
                self.fail("offset")
            return super().to_internal_value(value)
        except (ValueError, OverflowError):
            self.fail("invalid", format="")


def _check_text(value: Any, *, path: str) -> None:
    """Raise BadInput for a NUL or half a surrogate pair, which no database keeps."""
    if isinstance(value, str):
        if "\x00" in value or _SURROGATE.search(value):
            remedy = "Leave out U+0000 and surrogates that stand alone."
            raise BadInput(path or "body", value, remedy)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_text(name, path=path)
            _check_text(inner, path=f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_text(inner, path=f"{path}[{index}]")


def _check_length(request: Request, *, limit: int) -> None:
    """Raise TooLarge by the declared length; WSGI reads no further than that."""
    declared = request.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise TooLarge(f"The body has {declared} bytes; at most {limit} are taken.")


def _needed_scope(request: Request, view: APIView) -> str:
    if request.method in SAFE_METHODS:
        return Scope.READ
    return getattr(view, "write_scope", Scope.WRITE)


def _require_scope(token: ApiToken, scope: str) -> None:
    if scope not in token.scopes:
        raise NotAllowed(
            f"This token lacks the scope {str(scope)!r}; make one that has it."
        )
