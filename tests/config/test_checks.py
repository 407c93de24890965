import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PRODUCTION = {
    "DATABASE_URL": "postgresql://app:a@db.example/tocsin",
    "DATABASE_OWNER_URL": "postgresql://owner:b@db.example/tocsin",
    "REDIS_URL": "redis://cache.example:6379/0",
    "SECRET_KEY": "Zr8!kd93jfHsm29vKq7xTbW4nLpY6uEcRg1oAiSdJ5hMz0QwXe",
    "ALLOWED_HOSTS": "tocsin.example",
    "EMAIL_URL": "smtp://mail.example:25",
}
OURS = ("DATABASE", "TOCSIN_", "SECRET_KEY", "REDIS_URL", "EMAIL_URL", "BASE_URL")


def check_deploy(data, **changes):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    settings = {**PRODUCTION, "TOCSIN_DATA": str(data), **changes}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        cwd=CHECKOUT,
        env={**kept, **{name: value for name, value in settings.items() if value}},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_production_settings_are_clean(tmp_path):
    code, printed = check_deploy(tmp_path)
    assert (code, printed.splitlines()) == (
        0,
        [
            "System check identified no issues (0 silenced).",
            f"Using the data in {tmp_path} (TOCSIN_DATA).",
        ],
    )


def test_one_role_for_both_addresses_fails(tmp_path):
    same = PRODUCTION["DATABASE_URL"]
    code, printed = check_deploy(tmp_path, DATABASE_OWNER_URL=same)
    assert code == 1
    assert "DATABASE_URL and DATABASE_OWNER_URL use the same role." in printed


def test_missing_owner_address_fails(tmp_path):
    code, printed = check_deploy(tmp_path, DATABASE_OWNER_URL="")
    assert code == 1
    assert "DATABASE_OWNER_URL is not set." in printed


@pytest.mark.parametrize("url", ["", "console://", "file:///mail"])
def test_mail_that_reaches_nobody_fails(tmp_path, url):
    code, printed = check_deploy(tmp_path, EMAIL_URL=url)
    assert code == 1
    assert "EMAIL_URL does not name a mail server." in printed


def test_test_clock_stops_the_start_in_use(tmp_path):
    code, printed = check_deploy(tmp_path, TOCSIN_TEST_CLOCK="1")
    assert code == 1
    assert (
        "TOCSIN_TEST_CLOCK moves every deadline: it needs TOCSIN_DEMO or DEBUG."
        in printed
    )


def test_test_clock_of_a_demo_fails_the_check(tmp_path):
    code, printed = check_deploy(tmp_path, TOCSIN_TEST_CLOCK="1", TOCSIN_DEMO="1")
    assert code == 1
    assert "TOCSIN_TEST_CLOCK is set." in printed


def test_malformed_value_stops_with_one_line(tmp_path):
    code, printed = check_deploy(tmp_path, DEBUG="perhaps")
    assert code == 1
    assert printed.splitlines()[-1] == (
        "tocsin: DEBUG is neither 1/true/yes/on nor 0/false/no/off: 'perhaps'"
    )
    assert "Traceback" not in printed


def test_unknown_variable_stops_with_one_line(tmp_path):
    code, printed = check_deploy(tmp_path, TOCSIN_DATTA="x")
    assert code == 1
    assert (
        printed.splitlines()[-1] == "tocsin: TOCSIN_DATTA is not a setting of Tocsin."
    )
