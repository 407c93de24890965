from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.combinations import read_trusted_relay
from config.env_reading import read_environment, variables
from config.env_secrets import read_secret, read_secret_key


def test_empty_environment_gives_defaults():
    environment = read_environment({})
    assert environment.database_url == ""
    assert environment.allowed_hosts == ("127.0.0.1", "localhost", "[::1]")
    assert environment.max_attachment_bytes == 500 * 1024 * 1024
    assert environment.debug is False


def test_variables_of_other_programs_are_ignored():
    assert read_environment({"HOME": "/", "CELERY_X": "1"}) == read_environment({})


def test_unknown_tocsin_variable_is_named():
    with pytest.raises(ImproperlyConfigured) as caught:
        read_environment({"TOCSIN_DATTA": "/data"})
    assert str(caught.value) == "TOCSIN_DATTA is not a setting of Tocsin."


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        (
            "DEBUG",
            "maybe",
            "DEBUG is neither 1/true/yes/on nor 0/false/no/off: 'maybe'",
        ),
        (
            "TOCSIN_MAX_ATTACHMENT_BYTES",
            "-5",
            "TOCSIN_MAX_ATTACHMENT_BYTES is not a whole number above zero: '-5'",
        ),
        (
            "DATABASE_URL",
            "sqlite:///x",
            "DATABASE_URL does not start with one of postgresql://, postgres://:"
            " 'sqlite:///x'",
        ),
        (
            "TOCSIN_APPRISE_SCHEMES",
            "tgram,json",
            "TOCSIN_APPRISE_SCHEMES holds what may not be allowed (json): 'tgram,json'",
        ),
        (
            "TOCSIN_SEND_LIMITS",
            "sms=10",
            "TOCSIN_SEND_LIMITS is not a list like sms=10/60,slack=30/600: 'sms=10'",
        ),
        (
            "TOCSIN_ATTACHMENT_LIMITS",
            "aurora=10",
            "TOCSIN_ATTACHMENT_LIMITS is not a list like aurora=100/20000,naisa=500/0:"
            " 'aurora=10'",
        ),
        (
            "TOCSIN_TWILIO_FROM",
            "5551234",
            "TOCSIN_TWILIO_FROM is not a number like +37255501234: '5551234'",
        ),
        (
            "TOCSIN_DATABASE_ROLE",
            "root",
            "TOCSIN_DATABASE_ROLE is not one of runtime, owner: 'root'",
        ),
    ],
)
def test_malformed_value_is_named_in_one_line(name, value, complaint):
    with pytest.raises(ImproperlyConfigured) as caught:
        read_environment({name: value})
    assert str(caught.value) == complaint


def test_malformed_port_is_named():
    with pytest.raises(ImproperlyConfigured, match=r"^REDIS_URL .*'redis://h:99999'$"):
        read_environment({"REDIS_URL": "redis://h:99999"})


def test_password_of_malformed_address_is_not_shown():
    with pytest.raises(ImproperlyConfigured) as caught:
        read_environment({"DATABASE_URL": "mysql://user:hunter2@host/db"})
    assert "hunter2" not in str(caught.value)


def test_empty_value_counts_as_unset():
    assert read_environment({"DEBUG": "", "ALLOWED_HOSTS": ""}) == read_environment({})


def test_allowed_hosts_are_split_at_commas():
    environment = read_environment({"ALLOWED_HOSTS": "a.example, b.example,"})
    assert environment.allowed_hosts == ("a.example", "b.example")


def test_secret_key_is_read_from_file(tmp_path):
    path = tmp_path / "key"
    path.write_text("from-a-file\n", encoding="ascii")
    environment = read_environment({"SECRET_KEY_FILE": str(path)})
    assert read_secret_key(environment) == "from-a-file"


def test_missing_secret_key_file_is_named():
    environment = read_environment({"SECRET_KEY_FILE": "/nowhere/key"})
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY_FILE .*/nowhere/key"):
        read_secret_key(environment)


def test_secret_key_twice_is_refused():
    environment = read_environment({"SECRET_KEY": "a", "SECRET_KEY_FILE": "/b"})
    with pytest.raises(
        ImproperlyConfigured, match=r"^Set SECRET_KEY or SECRET_KEY_FILE"
    ):
        read_secret_key(environment)


def test_every_variable_is_in_the_reference():
    page = Path("docs/reference/settings.md").read_text(encoding="utf-8")
    missing = [name for name in variables() if f"| `{name}` |" not in page]
    assert missing == []


def test_secret_of_a_provider_is_read_from_its_file(tmp_path: Path):
    file = tmp_path / "token"
    file.write_text("xoxb-1\n")
    environment = read_environment({"TOCSIN_SLACK_TOKEN_FILE": str(file)})
    assert read_secret(environment, "slack_token") == "xoxb-1"


def test_secret_given_twice_is_named():
    both = {"TOCSIN_TWILIO_TOKEN": "x", "TOCSIN_TWILIO_TOKEN_FILE": "/x"}
    with pytest.raises(ImproperlyConfigured) as caught:
        read_secret(read_environment(both), "twilio_token")
    assert str(caught.value) == (
        "Set TOCSIN_TWILIO_TOKEN or TOCSIN_TWILIO_TOKEN_FILE, not both."
    )


def test_relay_is_not_trusted_while_everybody_may_connect():
    environment = read_environment(
        {"TOCSIN_MAIL_TRUSTED_RELAY": "mx", "TOCSIN_MAIL_RELAYS": "10.0.0.0/8,::/0"}
    )
    with pytest.raises(ImproperlyConfigured, match="name the relay's addresses"):
        read_trusted_relay(environment)


def test_named_relay_is_trusted():
    environment = read_environment(
        {"TOCSIN_MAIL_TRUSTED_RELAY": "mx", "TOCSIN_MAIL_RELAYS": "10.0.0.1"}
    )
    assert environment.mail_relays == ("10.0.0.1/32",)
    assert read_trusted_relay(environment) == "mx"


def test_malformed_range_of_relays_stops_the_start():
    with pytest.raises(ImproperlyConfigured, match="TOCSIN_MAIL_RELAYS"):
        read_environment({"TOCSIN_MAIL_RELAYS": "10.0.0.0/40"})


def test_limits_of_organisations_are_read_by_slug():
    read = read_environment({"TOCSIN_ATTACHMENT_LIMITS": "aurora=100/20000, naisa=5/0"})
    assert read.attachment_limits == (
        ("aurora", 100, 20000),
        ("naisa", 5, 0),
    )
