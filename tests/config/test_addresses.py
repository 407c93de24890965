import pytest
from django.core.exceptions import ImproperlyConfigured

from config import addresses


def test_database_on_a_socket():
    found = addresses.database("postgresql://app@/tocsin?host=%2Frun%2Fpg")
    assert (found["USER"], found["HOST"], found["PORT"], found["NAME"]) == (
        "app",
        "/run/pg",
        "",
        "tocsin",
    )


def test_database_on_a_host_with_options():
    found = addresses.database("postgresql://a:p%40ss@db:5433/t?sslmode=require")
    assert (found["PASSWORD"], found["HOST"], found["PORT"]) == ("p@ss", "db", "5433")
    assert found["OPTIONS"] == {
        "sslmode": "require",
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
    }


def test_statements_end_unless_the_address_says_otherwise():
    url = "postgresql://a@db/t?options=-c%20statement_timeout%3D9s"
    found = addresses.database(url, statement_seconds=120)
    assert found["OPTIONS"]["options"] == (
        "-c statement_timeout=120s -c statement_timeout=9s"
    )
    found = addresses.database("postgresql://a@db/t", statement_seconds=120)
    assert found["OPTIONS"]["options"] == "-c statement_timeout=120s"


def test_role_is_the_user_of_the_address():
    assert addresses.role_of("postgresql://tocsin_app@/tocsin") == "tocsin_app"


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("redis://cache:6379/2", "redis://cache:6379/2"),
        ("unix:///run/v.sock", "redis+socket:///run/v.sock?virtual_host=0"),
        ("unix:///run/v.sock?db=7", "redis+socket:///run/v.sock?virtual_host=7"),
    ],
)
def test_broker_address(url, broker):
    assert addresses.broker(url) == broker


def test_mail_by_smtp_with_starttls():
    found = addresses.email("smtp://u:s%3A@mail.example?tls=starttls")
    assert found["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example", 587)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("u", "s:")
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (True, False)


def test_mail_to_a_folder():
    assert addresses.email("file:///data/mail%20box")["EMAIL_FILE_PATH"] == (
        "/data/mail box"
    )


@pytest.mark.parametrize("url", ["smtp://", "smtp://host?tls=maybe"])
def test_malformed_mail_address_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match=r"^EMAIL_URL needs"):
        addresses.email(url)
