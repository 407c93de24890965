from typing import Any

import pytest

from escalation.notifications.webhook_signature import is_signed, new_secret, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR: dict[str, Any] = {
    "uid": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "timestamp": 1614265330,
    "body": b'{"test": 2432232314}',
}
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_sign_gives_the_published_vector():
    assert sign(SECRET, **VECTOR) == SIGNATURE


def test_is_signed_accepts_one_of_several_signatures():
    signature = f"v1,AAAA {SIGNATURE}"
    assert is_signed(SECRET, **VECTOR, signature=signature, at=1614265330)


@pytest.mark.parametrize(
    "change",
    [
        {"body": b'{"test": 2432232315}'},
        {"uid": "msg_other"},
        {"timestamp": 1614265331},
        {"at": 1614265330 + 301},
        {"signature": "v1,"},
        {"signature": ""},
    ],
)
def test_is_signed_refuses_what_was_changed_or_is_old(change):
    given: dict[str, Any] = {
        **VECTOR,
        "signature": SIGNATURE,
        "at": 1614265330,
        **change,
    }
    assert not is_signed(SECRET, **given)


def test_is_signed_refuses_another_secret():
    given: dict[str, Any] = {**VECTOR, "signature": SIGNATURE, "at": 1614265330}
    assert not is_signed(new_secret(), **given)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_***"])
def test_sign_refuses_what_is_no_secret(secret):
    with pytest.raises(ValueError, match="webhook secret"):
        sign(secret, **VECTOR)
