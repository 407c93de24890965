"""Checks of senders against published vectors and by one change at a time."""

import base64
import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from incidents.intake.signatures import Check, Finding, Proof, examine
from incidents.intake.trust_kinds import networks_of

AT = 1_614_265_330.0
SECRET = b"correct horse battery"
BODY = b'{"a": 1}'


def mac(body=BODY, secret=SECRET, algorithm="sha256"):
    return hmac.new(secret, body, algorithm)


def proof(headers=None, body=BODY, *, address="192.0.2.7", at=AT):
    return Proof((headers or {}).get, body, address, at)


def check(kind, *, secrets=(SECRET,), ranges=(), **options):
    networks = networks_of(ranges)
    return Check(kind, secrets=secrets, options=options, networks=networks)


def reason(kind, headers, body=BODY, *, at=AT, secrets=(SECRET,), **options):
    found = examine(
        check(kind, secrets=secrets, **options), proof(headers, body, at=at)
    )
    return found.reason


def basic(text):
    return {"authorization": "Basic " + base64.b64encode(text).decode()}


@pytest.mark.parametrize(
    ("kind", "headers", "options", "wanted"),
    [
        ("none", {}, {}, ""),
        ("bearer", {"authorization": "Bearer correct horse battery"}, {}, ""),
        ("bearer", {"authorization": "bearer  correct horse battery "}, {}, ""),
        ("bearer", {"authorization": "Bearer wrong"}, {}, "credentials_wrong"),
        ("bearer", basic(b"me:correct horse battery"), {}, "credentials_missing"),
        ("bearer", {}, {}, "credentials_missing"),
        ("basic", basic(b"me:correct horse battery"), {"username": "me"}, ""),
        (
            "basic",
            basic(b"you:correct horse battery"),
            {"username": "me"},
            "credentials_wrong",
        ),
        (
            "basic",
            {"authorization": "Basic ***"},
            {"username": "me"},
            "credentials_wrong",
        ),
        ("basic", {}, {"username": "me"}, "credentials_missing"),
        ("header", {"x-token": "correct horse battery"}, {"header": "x-token"}, ""),
        (
            "header",
            {"x-token": "corr\xe9ct"},
            {"header": "x-token"},
            "credentials_wrong",
        ),
        (
            "header",
            {"x-other": "correct horse battery"},
            {"header": "x-token"},
            "credentials_missing",
        ),
    ],
)
def test_credentials(kind, headers, options, wanted):
    assert reason(kind, headers, **options) == wanted


GITHUB = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def github(signature, body=b"Hello, World!"):
    headers = {"x-hub-signature-256": signature} if signature else {}
    secrets = (b"It's a Secret to Everybody",)
    return reason("hmac_github", headers, body, secrets=secrets)


def test_github_signature_of_its_documentation_holds():
    assert github("sha256=" + GITHUB) == ""
    assert github("sha256=" + GITHUB.upper()) == ""
    assert github("sha256=" + GITHUB, b"Hello, World?") == "signature_wrong"
    assert github("sha256=" + GITHUB[:-1]) == "signature_wrong"
    assert github("") == "signature_missing"
    assert github("sha256=") == "signature_missing"


def test_sentry_signature_has_two_header_names():
    good = mac().hexdigest()
    assert reason("hmac_sentry", {"sentry-hook-signature": good}) == ""
    assert reason("hmac_sentry", {"sentry-app-signature": good}) == ""
    wrong = {"sentry-hook-signature": mac(b"other").hexdigest()}
    assert reason("hmac_sentry", wrong) == "signature_wrong"
    empty = {"sentry-hook-signature": mac(b"").hexdigest()}
    assert reason("hmac_sentry", empty, b"") == ""


def test_one_of_several_pagerduty_signatures_is_enough():
    other, good = mac(secret=b"new").hexdigest(), mac().hexdigest()
    name = "x-pagerduty-signature"
    assert reason("hmac_pagerduty", {name: f"v1={other},v1={good}"}) == ""
    assert reason("hmac_pagerduty", {name: f"v1={other}"}) == "signature_wrong"
    assert reason("hmac_pagerduty", {name: f"v2={good}"}) == "signature_missing"


def test_grafana_signs_the_body_or_with_its_instant():
    name = "x-grafana-alerting-signature"
    plain = {"header": name, "timestamp_header": ""}
    assert reason("hmac_grafana", {name: mac().hexdigest()}, **plain) == ""
    timed = {"header": name, "timestamp_header": "x-time"}
    stamp = str(int(AT))
    given = {name: mac(stamp.encode() + b":" + BODY).hexdigest(), "x-time": stamp}
    assert reason("hmac_grafana", given, **timed) == ""
    assert reason("hmac_grafana", given, at=AT + 300, **timed) == ""
    assert reason("hmac_grafana", given, at=AT + 301, **timed) == "timestamp_outside"
    assert reason("hmac_grafana", given, at=AT - 301, **timed) == "timestamp_outside"
    moved = {**given, "x-time": str(int(AT) + 1)}
    assert reason("hmac_grafana", moved, **timed) == "signature_wrong"
    del given["x-time"]
    assert reason("hmac_grafana", given, **timed) == "timestamp_missing"


STANDARD = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
WHSEC = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def standard(headers, body=b'{"test": 2432232314}', *, secret=WHSEC, at=AT):
    return reason("standard_webhooks", headers, body, at=at, secrets=(secret,))


def test_standard_webhooks_vector_holds():
    assert standard(STANDARD) == ""
    several = {**STANDARD, "webhook-signature": "v1,AAAA " + STANDARD_SIGNATURE}
    assert standard(several) == ""
    assert standard(STANDARD, b"{}") == "signature_wrong"
    assert standard({**STANDARD, "webhook-id": "msg_2"}) == "signature_wrong"
    assert standard(STANDARD, at=AT + 301) == "timestamp_outside"
    assert standard({**STANDARD, "webhook-timestamp": "soon"}) == "timestamp_outside"
    assert standard({}) == "signature_missing"
    svix = {name.replace("webhook", "svix"): v for name, v in STANDARD.items()}
    assert standard(svix) == ""


STANDARD_SIGNATURE = STANDARD["webhook-signature"]


def test_standard_webhooks_public_key_holds():
    private = Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    secret = b"whpk_" + base64.b64encode(raw)
    body = b'{"test": 2432232314}'
    signed = f"{STANDARD['webhook-id']}.1614265330.".encode() + body
    signature = base64.b64encode(private.sign(signed)).decode()
    given = {**STANDARD, "webhook-signature": f"v1a,{signature}"}
    assert standard(given, secret=secret) == ""
    assert standard(given, b"{}", secret=secret) == "signature_wrong"
    assert standard(STANDARD, secret=secret) == "signature_wrong"
    broken = {**STANDARD, "webhook-signature": "v1a,%%"}
    assert standard(broken, secret=secret) == "signature_wrong"


def test_generic_signature_follows_its_options():
    options = {"header": "x-signature", "prefix": "sig=", "encoding": "hex"}
    good = {"x-signature": "sig=" + mac().hexdigest()}
    assert reason("hmac", good, **options) == ""
    assert reason("hmac", {"x-signature": mac().hexdigest()}, **options) == (
        "signature_missing"
    )
    sha512 = {"header": "x-signature", "encoding": "base64", "algorithm": "sha512"}
    digest = base64.b64encode(mac(algorithm="sha512").digest()).decode()
    assert reason("hmac", {"x-signature": digest}, **sha512) == ""
    assert reason("hmac", {"x-signature": digest.lower()}, **sha512) == (
        "signature_wrong"
    )


def test_generic_signature_can_hold_its_instant():
    options = {"header": "x-s", "timestamp_header": "x-t", "joint": "."}
    stamp = str(int(AT))
    given = {"x-s": mac(f"{stamp}.".encode() + BODY).hexdigest(), "x-t": stamp}
    found = examine(check("hmac", **options), proof(given))
    assert found == Finding(once=f"{stamp}:{hashlib.sha256(BODY).hexdigest()}")
    assert reason("hmac", given, at=AT + 400, **options) == "timestamp_outside"


@pytest.mark.parametrize(
    ("kind", "joint", "writings"),
    [
        ("hmac", ".", ["{}", "{} ", "junk,{}", "{},junk"]),
        ("hmac_grafana", ":", ["{}"]),
    ],
)
def test_signature_written_in_another_way_counts_as_the_same_message(
    kind, joint, writings
):
    stamp = str(int(AT))
    signature = mac(f"{stamp}{joint}".encode() + BODY).hexdigest()
    forms = [
        form.format(s) for form in writings for s in (signature, signature.upper())
    ]
    options = {"header": "x-s", "timestamp_header": "x-t"}
    found = {
        examine(check(kind, **options), proof({"x-s": form, "x-t": stamp}))
        for form in forms
    }
    assert found == {Finding(once=f"{stamp}:{hashlib.sha256(BODY).hexdigest()}")}


@pytest.mark.parametrize(
    ("kind", "signature", "uid", "prefix"),
    [
        ("hmac_github", "x-hub-signature-256", "x-github-delivery", "sha256="),
        ("hmac_sentry", "sentry-hook-signature", "request-id", ""),
        ("hmac_pagerduty", "x-pagerduty-signature", "x-webhook-id", "v1="),
    ],
)
def test_a_message_counts_once_by_its_id_and_body(kind, signature, uid, prefix):
    def once(body):
        headers = {signature: prefix + mac(body).hexdigest(), uid: "one"}
        return examine(check(kind), proof(headers, body)).once

    assert once(BODY) == f"one:{hashlib.sha256(BODY).hexdigest()}"
    assert once(b"other") != once(BODY)


def test_body_that_was_not_read_whole_cannot_be_checked():
    headers = {"x-hub-signature-256": "sha256=" + mac().hexdigest()}
    found = examine(check("hmac_github"), proof(headers, None))
    assert found == Finding("too_large_to_check")
    bearer = {"authorization": "Bearer correct horse battery"}
    assert examine(check("bearer"), proof(bearer, None)) == Finding()


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("192.0.2.7", ""),
        ("::ffff:192.0.2.7", ""),
        ("2001:db8::1", ""),
        ("2001:db8::1%eth0", ""),
        ("192.0.3.1", "address_outside"),
        ("2001:db9::1", "address_outside"),
        ("", "address_outside"),
        ("somewhere", "address_outside"),
    ],
)
def test_addresses_outside_the_ranges_are_refused(address, wanted):
    ranges = ("192.0.2.0/24", "2001:db8::/32")
    found = examine(check("none", ranges=ranges), proof(address=address))
    assert found.reason == wanted
