"""Say whether Twilio is set up here."""

from django.conf import settings


def missing_settings() -> tuple[str, ...]:
    """Return the settings without which nothing can be sent through Twilio."""
    wanted = {
        "TOCSIN_TWILIO_ACCOUNT": settings.TWILIO_ACCOUNT,
        "TOCSIN_TWILIO_TOKEN": settings.TWILIO_TOKEN,
        "TOCSIN_TWILIO_FROM": settings.TWILIO_FROM,
    }
    return tuple(name for name, value in wanted.items() if not value)
