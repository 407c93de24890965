"""Tell whether a callback was signed by the provider in whose name it comes."""

from django.conf import settings
from django.http import HttpRequest


def is_from_twilio(request: HttpRequest) -> bool:
    """Check the signature over our own address of it and its fields, in constant time."""
    from twilio.request_validator import (  # noqa: PLC0415  (slow import)
        RequestValidator,
    )

    if not settings.TWILIO_TOKEN:
        return False
    # Not the address as it arrived: a proxy may have rewritten it.
    address = settings.BASE_URL + request.get_full_path()
    signature = request.headers.get("X-Twilio-Signature", "")
    validator = RequestValidator(settings.TWILIO_TOKEN)
    return bool(validator.validate(address, request.POST, signature))


def is_from_slack(request: HttpRequest) -> bool:
    """Check the signature over the body and an instant of the last five minutes."""
    from slack_sdk.signature import SignatureVerifier  # noqa: PLC0415  (slow import)

    if not settings.SLACK_SIGNING_SECRET:
        return False
    verifier = SignatureVerifier(settings.SLACK_SIGNING_SECRET)
    try:
        return verifier.is_valid(
            body=request.body,
            timestamp=request.headers.get("X-Slack-Request-Timestamp"),
            signature=request.headers.get("X-Slack-Signature"),
        )
    except (ValueError, TypeError):
        # An instant that is no number, or letters that no signature has.
        return False
