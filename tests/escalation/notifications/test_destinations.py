import pytest

from escalation.notifications.destinations import destination_of


@pytest.mark.parametrize(
    ("channel", "address", "destination"),
    [
        ("email", "ann@lab.example", "email"),
        ("sms", "+4915112345678", "sms"),
        ("webhook", "https://Hooks.lab.example/pager", "webhook:hooks.lab.example:443"),
        ("webhook", "http://hooks.lab.example/a?b=c", "webhook:hooks.lab.example:80"),
        ("webhook", "https://[2001:db8::1]:8443/", "webhook:2001:db8::1:8443"),
        ("webhook", "https://hooks.lab.example:x/", "webhook"),
        ("apprise", "ntfy://ntfy.lab.example/alerts", "apprise:ntfy:ntfy.lab.example"),
    ],
)
def test_destination_is_the_machine_or_the_provider(channel, address, destination):
    assert destination_of(channel, address) == destination


def test_destination_fits_its_column():
    host = ".".join(["a" * 60] * 6)
    assert len(destination_of("webhook", f"https://{host}/")) == 300
