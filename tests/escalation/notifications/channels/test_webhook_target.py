import pytest

from escalation.notifications.channels.webhook_target import (
    Refused,
    is_allowed,
    resolve_target,
)

PRIVATE = ["10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "::1", "fd00::1"]
NEVER = [
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "255.255.255.255",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:0:0:0:0:0:1",
    "fd00:ec2::254",
    "198.18.0.1",
    "fec0::1",
    "::127.0.0.1",
    "::5efe:7f00:1",
    "64:ff9b:1::7f00:1",
]
PUBLIC = ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"]


@pytest.mark.parametrize("ip", PUBLIC)
def test_public_address_is_allowed(ip):
    assert is_allowed(ip, allow_private=False)


@pytest.mark.parametrize("ip", [*PRIVATE, "::ffff:10.0.0.1", "64:ff9b::a00:1"])
def test_private_address_is_allowed_only_by_the_setting(ip):
    assert not is_allowed(ip, allow_private=False)
    assert is_allowed(ip, allow_private=True)


@pytest.mark.parametrize("ip", NEVER)
def test_metadata_and_special_addresses_are_never_allowed(ip):
    assert not is_allowed(ip, allow_private=True)


def test_carrier_grade_address_is_not_public():
    assert not is_allowed("100.64.0.1", allow_private=False)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://example.org/",
        "example.org",
        "http://",
        "http://host:port/",
        "http://user:pw@127.0.0.1/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nx",
        "http://[::1/",
    ],
)
def test_what_is_no_web_address_is_refused(address):
    with pytest.raises(Refused):
        resolve_target(address, allow_private=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "127.1"])
def test_every_spelling_of_loopback_is_refused(host):
    with pytest.raises(Refused, match="not public"):
        resolve_target(f"http://{host}/", allow_private=False)


def test_a_refusal_does_not_tell_the_number_behind_a_name():
    with pytest.raises(Refused) as refused:
        resolve_target("http://localhost/", allow_private=False)
    assert str(refused.value) == "localhost leads to an address that is not public"


def test_target_keeps_the_name_beside_the_checked_number():
    target = resolve_target("https://localhost:8443/in?x=1", allow_private=True)
    assert target.is_tls
    assert target.ip in {"127.0.0.1", "::1"}
    assert (target.host, target.port) == ("localhost", 8443)
    assert (target.host_header, target.path) == ("localhost:8443", "/in?x=1")
