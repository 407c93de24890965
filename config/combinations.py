"""Refuse settings that are each right and together wrong."""

from django.core.exceptions import ImproperlyConfigured

from config.env import Environment


def read_test_clock(environment: Environment) -> bool:
    """Return whether tests may move the clock. Raises `ImproperlyConfigured` in use."""
    if environment.test_clock and not (environment.demo or environment.debug):
        message = (
            "TOCSIN_TEST_CLOCK moves every deadline: it needs TOCSIN_DEMO or DEBUG."
        )
        raise ImproperlyConfigured(message)
    return environment.test_clock


def read_trusted_relay(environment: Environment) -> str:
    """Return whose word on senders counts. Raises `ImproperlyConfigured` in the open."""
    is_open = any(area.endswith("/0") for area in environment.mail_relays)
    if environment.mail_trusted_relay and is_open:
        message = (
            "TOCSIN_MAIL_TRUSTED_RELAY trusts what anybody may write while "
            "TOCSIN_MAIL_RELAYS lets everybody in: name the relay's addresses."
        )
        raise ImproperlyConfigured(message)
    return environment.mail_trusted_relay
