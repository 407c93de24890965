"""Providers that answer, signed as theirs are."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.escalation.notifications.conftest import (  # noqa: F401  fixtures
    fake_slack,
    fake_twilio,
    lab,
)

SITE = "https://tocsin.example"
SIGNING = "signing-secret"
Post = Callable[..., HttpResponse]


@pytest.fixture
def set_up(settings: Any, fake_slack: Any, fake_twilio: Any) -> None:  # noqa: F811
    settings.BASE_URL = SITE
    settings.SLACK_SIGNING_SECRET = SIGNING


@pytest.fixture
def from_twilio(set_up: None, client: Client) -> Post:
    """Post as Twilio does. `token` signs; None sends no signature."""

    def post(path: str, fields: dict[str, str], token: str | None = "token"):
        headers = {}
        if token is not None:
            signed = SITE + path + "".join(k + fields[k] for k in sorted(fields))
            mac = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
            headers["X-Twilio-Signature"] = base64.b64encode(mac).decode()
        return client.post(
            path,
            urlencode(fields),
            content_type="application/x-www-form-urlencoded",
            headers=headers,
        )

    return post


@pytest.fixture
def from_slack(set_up: None, client: Client) -> Post:
    """Post as Slack does; `at` is the instant that it claims."""

    def post(payload: Any, secret: str = SIGNING, at: object = None):
        body = urlencode({"payload": json.dumps(payload)})
        at = int(time.time()) if at is None else at
        mac = hmac.new(secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256)
        return client.post(
            "/callbacks/slack/interactive",
            body,
            content_type="application/x-www-form-urlencoded",
            headers={
                "X-Slack-Request-Timestamp": str(at),
                "X-Slack-Signature": f"v0={mac.hexdigest()}",
            },
        )

    return post
