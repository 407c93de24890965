import pytest

from escalation.notifications.addresses import Address, read_address
from escalation.notifications.channels import registry
from incidents.errors import BadInput

WORKFLOW = "https://prod-1.logic.example:443/workflows/1/paths/invoke?sig=key"


@pytest.fixture(autouse=True)
def set_up(settings):
    settings.SLACK_TOKEN = "xoxb-test"
    settings.TWILIO_ACCOUNT = "AC1"
    settings.TWILIO_TOKEN = "token"
    settings.TWILIO_FROM = "+37255500000"
    settings.APPRISE_SCHEMES = ("ntfys",)


@pytest.mark.parametrize(
    ("channel", "given", "read"),
    [
        ("email", " a@b.example ", Address("a@b.example")),
        ("sms", "+372 (555) 123-45", Address("+37255512345")),
        ("voice", "+37255512345", Address("+37255512345")),
        ("slack", "C0123456789", Address("C0123456789")),
        ("slack", "U0123456789", Address("U0123456789")),
        ("webhook", "https://x.example/h?k=1", Address("https://x.example/h?k=1")),
        ("teams", WORKFLOW, Address("https://prod-1.logic.example/…", WORKFLOW)),
        (
            "apprise",
            "ntfys://ntfy.sh/t",
            Address("ntfys://ntfy.sh/…", "ntfys://ntfy.sh/t"),
        ),
    ],
)
def test_address_is_read_as_its_channel_uses_it(channel, given, read):
    assert read_address(channel, given) == read


@pytest.mark.parametrize(
    ("channel", "given"),
    [
        ("email", "nobody"),
        ("sms", "55512345"),
        ("sms", "+0123456789"),
        ("sms", "+3725551234567890"),
        ("sms", "+٣٧٢٥٥٥١٢٣٤٥"),
        ("voice", "call me"),
        ("slack", "#general"),
        ("slack", "c0123456789"),
        ("webhook", "ftp://x.example"),
    ],
)
def test_address_that_the_channel_cannot_use_is_named(channel, given):
    with pytest.raises(BadInput) as caught:
        read_address(channel, given)
    assert (caught.value.field, caught.value.value) == ("address", given)


@pytest.mark.parametrize(
    ("channel", "given"),
    [("teams", "http://x.example/w?sig=key"), ("apprise", "json://x.example/key")],
)
def test_secret_address_that_is_refused_is_not_repeated(channel, given):
    with pytest.raises(BadInput) as caught:
        read_address(channel, given)
    assert "key" not in str(caught.value)


@pytest.mark.parametrize(
    ("channel", "remedy"),
    [
        ("slack", "It is not set up here: set TOCSIN_SLACK_TOKEN."),
        (
            "sms",
            "It is not set up here: set TOCSIN_TWILIO_ACCOUNT, TOCSIN_TWILIO_TOKEN, "
            "TOCSIN_TWILIO_FROM.",
        ),
        ("apprise", "It is not set up here: set TOCSIN_APPRISE_SCHEMES."),
    ],
)
def test_channel_that_is_not_set_up_cannot_be_chosen(settings, channel, remedy):
    settings.SLACK_TOKEN = settings.TWILIO_ACCOUNT = settings.TWILIO_TOKEN = ""
    settings.TWILIO_FROM = ""
    settings.APPRISE_SCHEMES = ()
    with pytest.raises(BadInput) as caught:
        read_address(channel, "x")
    assert (caught.value.field, caught.value.remedy) == ("channel", remedy)
    assert channel not in dict(registry.usable_choices())


def test_channels_that_need_nothing_are_always_there(settings):
    settings.SLACK_TOKEN = settings.TWILIO_ACCOUNT = ""
    settings.APPRISE_SCHEMES = ()
    assert [kind for kind, _ in registry.usable_choices()] == [
        "email",
        "teams",
        "webhook",
    ]
