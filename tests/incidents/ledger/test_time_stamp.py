"""Time stamps of an authority that is openssl's, not ours."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from incidents.ledger.time_stamp import (
    BadCertificates,
    BadStamp,
    UntrustedStamp,
    is_policy,
    read_certificates,
    verify_stamp,
    write_request,
)
from tests.incidents.ledger.time_authority import (
    DAY,
    OPENSSL,
    OTHER_POLICY,
    POLICY,
    TimeAuthority,
    needs_openssl,
)

TEXT = "log.example/1\n7\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n"
NONCE = 2**62 + 5


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return TimeAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def answer(authority):
    return authority.answer(write_request(TEXT, nonce=NONCE))


@needs_openssl
def test_question_reads_as_it_is_meant(tmp_path):
    file = tmp_path / "question"
    file.write_bytes(write_request(TEXT, nonce=NONCE, policy=OTHER_POLICY))
    command = [OPENSSL, "ts", "-query", "-text", "-in", file]
    read = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert f"Policy OID: {OTHER_POLICY}" in read
    assert f"Nonce: {NONCE:#X}".replace("X", "x") in read
    assert "Certificate required: yes" in read


@needs_openssl
def test_stamp_of_the_text_says_when_it_was_seen(authority, answer):
    certificates = read_certificates(authority.pem)
    stamp = verify_stamp(answer, TEXT, certificates, nonce=NONCE, policy=POLICY)
    assert (stamp.accuracy_ms, stamp.policy) == (1500, POLICY)
    assert abs(datetime.now(UTC) - stamp.at) < timedelta(minutes=5)


@needs_openssl
@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"text": TEXT.replace("7", "8")}, "it is of another text"),
        ({"nonce": NONCE + 1}, "Nonce mismatch"),
        ({"policy": OTHER_POLICY}, "Policy ID mismatch"),
    ],
)
def test_stamp_of_something_else_is_refused(authority, answer, how, why):
    asked = {"text": TEXT, "certificates": read_certificates(authority.pem), **how}
    with pytest.raises(BadStamp, match=why):
        verify_stamp(answer, **asked)


@needs_openssl
def test_stamp_of_another_authority_is_not_trusted(answer, tmp_path):
    others = read_certificates(TimeAuthority(tmp_path).pem)
    with pytest.raises(UntrustedStamp):
        verify_stamp(answer, TEXT, others)


@needs_openssl
def test_stamp_by_a_certificate_that_had_ended_is_not_trusted(tmp_path):
    authority = TimeAuthority(tmp_path, ended=DAY)
    answer = authority.answer(write_request(TEXT, nonce=NONCE))
    with pytest.raises(UntrustedStamp, match="expired"):
        verify_stamp(answer, TEXT, read_certificates(authority.pem))


@needs_openssl
def test_certificates_in_the_order_of_openssl_are_read(tmp_path):
    authority = TimeAuthority(tmp_path, has_chain=True)
    answer = authority.answer(write_request(TEXT, nonce=NONCE))
    stamp = verify_stamp(answer, TEXT, read_certificates(authority.pem))
    assert stamp.policy == POLICY


@needs_openssl
def test_refusal_of_the_authority_is_told(authority):
    answer = authority.answer(write_request(TEXT, nonce=1, policy="1.2.3"))
    with pytest.raises(BadStamp, match=r"refused with status 2 .*policy"):
        verify_stamp(answer, TEXT, read_certificates(authority.pem))


@needs_openssl
def test_cut_or_changed_stamps_are_refused_and_nothing_else_is_raised(
    authority, answer
):
    certificates = read_certificates(authority.pem)
    broken = [answer[:length] for length in range(0, len(answer), 7)]
    for place in range(0, len(answer), 3):
        changed = bytearray(answer)
        changed[place] ^= 1 << place % 8
        broken.append(bytes(changed))
    accepted = 0
    for one in broken:
        try:
            verify_stamp(one, TEXT, certificates, nonce=NONCE)
        except BadStamp:
            continue
        accepted += 1
    # Few bytes are under no signature, such as the parameters of an algorithm.
    assert accepted < len(broken) / 20


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_holds_no_certificates_is_told(pem):
    with pytest.raises(BadCertificates):
        read_certificates(pem)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("1.3.6.1.4.1.99999.1", True),
        ("2.999.1", True),
        ("1.2", False),
        ("1.40.1", False),
        ("3.1.1", False),
        ("1.2.03", False),
        ("1.2.", False),
        ("", False),
        ("1.2.three", False),
    ],
)
def test_policies_are_object_identifiers(text, is_one):
    assert is_policy(text) is is_one
