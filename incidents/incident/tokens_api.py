"""Your own API tokens over REST; each change is recorded.

It stands in this slice because it is the lowest that may both record and read the clock.
"""

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.errors import BadInput, NotAllowed
from incidents.events.own_access import end_token, make_token
from incidents.organisations.models import ApiToken
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, InstantField, StrictSerializer
from incidents.timers.clock import read_now


class TokenSerializer(serializers.Serializer[Any]):
    """A token without its secret."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewTokenSerializer(TokenSerializer):
    """A token with its secret, which is never shown again."""

    token = serializers.CharField()


class TokenBody(StrictSerializer):
    """A token to be made."""

    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(Scope.choices),
        default=list(Scope.values),
        allow_empty=False,
    )
    expires_at = InstantField(default=None, allow_null=True)


class TokenViewSet(ApiViewSet):
    """Your own API tokens."""

    queryset = ApiToken.objects.none()
    serializer_class = TokenSerializer
    write_scope = Scope.CONFIGURE
    lookup_value_regex = "[0-9]{1,18}"
    ordering = ("-id",)

    def list(self, request: Request) -> Response:
        """List your tokens, newest first, without their secrets."""
        rows = ApiToken.objects.filter(user=self.person)
        return self.respond_page(
            rows, lambda page: list(TokenSerializer(page, many=True).data)
        )

    @extend_schema(request=TokenBody, responses={201: NewTokenSerializer})
    def create(self, request: Request) -> Response:
        """Make a token; its secret is in this answer only."""
        body = self.read_body(TokenBody)
        _check_within(request.auth, body)
        if body["expires_at"] and body["expires_at"] <= timezone.now():
            raise BadInput("expires_at", body["expires_at"], "Choose a time to come.")
        token, text = make_token(self.person, **body, now=read_now())
        token.refresh_from_db()
        shown = NewTokenSerializer(_with_secret(token, text)).data
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Revoke a token at once; its row stays, with when."""
        token = ApiToken.objects.filter(user=self.person, pk=pk).first()
        if token is None:
            raise Http404
        end_token(token, at=timezone.now(), now=read_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _check_within(parent: Any, body: dict[str, Any]) -> None:
    """Refuse that a token makes one that can do more, or lives longer, than itself."""
    if not isinstance(parent, ApiToken):
        return
    if beyond := sorted(set(body["scopes"]) - set(parent.scopes)):
        raise NotAllowed(f"The token that you use lacks the scope {beyond[0]!r}.")
    if parent.expires_at is None:
        return
    body["expires_at"] = min(body["expires_at"] or parent.expires_at, parent.expires_at)


def _with_secret(token: ApiToken, text: str) -> dict[str, Any]:
    return {**TokenSerializer(token).data, "token": text}
