"""Tell the API who asks: a Bearer token for programs, the session for the pages."""

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from incidents.organisations.models import ApiToken, User
from incidents.organisations.tokens import authenticate_token

_SCHEME = "Bearer"
_PARTS = 2


class TokenAuthentication(BaseAuthentication):
    """Read `Authorization: Bearer toc_…`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the token's person and the token, None without the header."""
        parts = get_authorization_header(request).split()
        if not parts:
            return None
        if parts[0].lower() != _SCHEME.lower().encode() or len(parts) != _PARTS:
            raise AuthenticationFailed(
                "Send the header as: Authorization: Bearer toc_…"
            )
        text = parts[1].decode("latin-1")
        # The age of a token is real time: moving the test clock must not end it.
        token = authenticate_token(text, now=timezone.now())
        if token is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that makes a refusal a 401."""
        return f'{_SCHEME} realm="tocsin"'


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # library
    """Describe the tokens in the OpenAPI document."""

    target_class = "incidents.organisations.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the scheme as OpenAPI writes it."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "toc_…"}


def reader_name(request: Request) -> str:
    """Return who reads, as the access record names them: `token:<id>` or `user:<id>`."""
    if isinstance(request.auth, ApiToken):
        return f"token:{request.auth.pk}"
    return f"user:{request.user.pk}"
