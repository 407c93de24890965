"""Checks of a production installation, run by `manage.py check --deploy`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from config.addresses import role_of
from config.env import Environment


@register(Tags.security, deploy=True)
def check_database_roles(
    app_configs: Sequence[Any] | None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """Report database addresses that are missing or share one role."""
    environment: Environment = settings.ENVIRONMENT
    urls = {
        "DATABASE_URL": environment.database_url,
        "DATABASE_OWNER_URL": environment.database_owner_url,
    }
    missing = [
        Error(f"{name} is not set.", id="tocsin.E001")
        for name, value in urls.items()
        if not value
    ]
    if missing:
        return list(missing)
    if role_of(urls["DATABASE_URL"]) == role_of(urls["DATABASE_OWNER_URL"]):
        hint = "The runtime role must own nothing: create a second role for it."
        message = "DATABASE_URL and DATABASE_OWNER_URL use the same role."
        return [Error(message, hint=hint, id="tocsin.E002")]
    return []


@register(Tags.security, deploy=True)
def check_servers_and_switches(
    app_configs: Sequence[Any] | None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """Report a missing broker or mail server, the test clock and the demo world."""
    problems: list[CheckMessage] = []
    if not settings.ENVIRONMENT.redis_url:
        problems.append(Error("REDIS_URL is not set.", id="tocsin.E003"))
    if not settings.ENVIRONMENT.email_url.startswith("smtp://"):
        hint = "Anything else says that mail was sent, and nobody gets it."
        message = "EMAIL_URL does not name a mail server."
        problems.append(Error(message, hint=hint, id="tocsin.E006"))
    if settings.TEST_CLOCK:
        problems.append(Error("TOCSIN_TEST_CLOCK is set.", id="tocsin.E004"))
    if settings.DEMO:
        problems.append(Error("TOCSIN_DEMO is set.", id="tocsin.E005"))
    return problems
