"""Signed acknowledgements, forged ones, and what a verifier with pinned keys says."""

import json
from base64 import b64encode

import pytest

from incidents.ledger.bundle_parts import Entry, HiddenEntry
from incidents.ledger.canonical import parse_leaf
from incidents.ledger.dsse import sign
from incidents.ledger.merkle import leaf_hash
from incidents.ledger.party_ack import ACK_TYPE, PartyAck
from incidents.ledger.party_key import fingerprint, short
from incidents.ledger.verify.__main__ import main
from incidents.ledger.vkey import KeyType, signing_key
from tests.incidents.ledger.simulated_log import OTHER_STREAM, POLICY_TEXT, SimulatedLog
from tests.incidents.ledger.verify.verifying import outcome_of, packed, verdict_on

OFFICER = signing_key("naisa/dm", KeyType.LOG, bytes([9]) * 32)
STRANGER = signing_key("stranger", KeyType.LOG, bytes([10]) * 32)
PINS = {OFFICER.public.public: "naisa/dm"}
ACTOR = {"kind": "user", "name": "D. Müller", "organisation": "NAISA"}


def acknowledged(*, actor=ACTOR):
    """Return a log with an acknowledgement, and its index."""
    log = SimulatedLog()
    log.happen(stream=OTHER_STREAM)
    log.happen("incident.opened", {"body": {"severity": 4}})
    fields = {"actor": actor, "body": {"how": "on the page"}}
    return log, log.happen("incident.acknowledged", fields)


def statement(log, index):
    leaf = parse_leaf(log.entries[index].leaf)
    return PartyAck(
        leaf_hash(log.entries[index].leaf), leaf.at, "D. Müller", leaf.stream
    ).write()


def signed_fields(payload, *, key=OFFICER, payload_type=ACK_TYPE, **changed):
    public = key.public.public
    envelope = sign(payload_type, payload, public=public, by=key.sign)
    body = {"key": b64encode(public).decode(), "key_id": envelope.key_id[:16]}
    return {"actor": ACTOR, "body": body, "envelope": envelope.value()} | changed


def bundle_of(log, fields=None, **how):
    if fields is not None:
        log.happen("acknowledgement.signed", fields)
    log.write_heads()
    return log.bundle(**how)


def signed_bundle(**how):
    log, index = acknowledged()
    return bundle_of(log, signed_fields(statement(log, index), **how))


def words_of(bundle, **how):
    return [one.words() for one in outcome_of(bundle, **how).acknowledgements]


def test_acknowledgement_is_signed_by_a_pinned_key():
    bundle, digits = signed_bundle(), short(fingerprint(OFFICER.public.public))
    assert verdict_on(bundle, party_keys=PINS) == "VERIFIED"
    assert words_of(bundle, party_keys=PINS) == [f"signed by naisa/dm, key {digits}"]
    assert words_of(bundle) == [f"signed by key {digits}, which you have not pinned"]


def test_fake_acknowledgement_is_accepted_unless_keys_are_pinned():
    # Row (a) of what no log can detect: the operator records what nobody said.
    log, _ = acknowledged()
    bundle = bundle_of(log)
    assert (verdict_on(bundle), words_of(bundle)) == ("VERIFIED", ["not signed"])
    assert verdict_on(bundle, party_keys=PINS) == "ACK_UNSIGNED"


def test_acknowledgement_signed_by_the_operators_own_key_is_found():
    bundle = signed_bundle(key=STRANGER)
    assert verdict_on(bundle) == "VERIFIED"
    assert verdict_on(bundle, party_keys=PINS) == "ACK_UNSIGNED"


def test_pinned_signature_is_not_hidden_by_a_later_one():
    log, index = acknowledged()
    payload = statement(log, index)
    log.happen("acknowledgement.signed", signed_fields(payload))
    bundle = bundle_of(log, signed_fields(payload, key=STRANGER))
    assert verdict_on(bundle, party_keys=PINS) == "VERIFIED"


def with_payload(change):
    def forge():
        log, index = acknowledged()
        return bundle_of(log, signed_fields(change(statement(log, index))))

    return forge


def of_another_entry():
    log, _ = acknowledged()
    return bundle_of(log, signed_fields(statement(log, 1)))


def signed_by_another_than_it_says():
    log, index = acknowledged()
    payload = statement(log, index)
    own = signed_fields(payload)["body"]
    return bundle_of(log, signed_fields(payload, key=STRANGER, body=own))


def used_for_another_acknowledgement():
    log, index = acknowledged()
    payload = statement(log, index)
    envelope = signed_fields(payload)["envelope"]
    second = log.happen("incident.acknowledged", {"actor": ACTOR})
    forged = {**envelope, "payload": b64encode(statement(log, second)).decode()}
    return bundle_of(log, signed_fields(payload, envelope=forged))


FORGERIES = [
    with_payload(lambda payload: payload.replace("Müller".encode(), b"Moser")),
    with_payload(lambda payload: payload.replace(b"T15:", b"T14:")),
    with_payload(lambda payload: payload.replace(b"Z", b"")),
    with_payload(lambda payload: payload.replace(b"7f3d0c52", b"7f3d0c53")),
    with_payload(lambda payload: payload + b" "),
    of_another_entry,
    signed_by_another_than_it_says,
    used_for_another_acknowledgement,
    lambda: signed_bundle(payload_type="application/vnd.tocsin.party-key.v1+json"),
    lambda: signed_bundle(envelope={"payload": "none"}),
    lambda: signed_bundle(body={"key": "AA=="}),
    lambda: signed_bundle(body="none"),
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_false_signature_is_refused(forge):
    assert verdict_on(forge()) == "ACK_SIGNATURE"


def test_signature_of_an_entry_that_is_not_shown_is_taken():
    log, index = acknowledged()
    log.happen("acknowledgement.signed", signed_fields(statement(log, index)))
    log.write_heads()
    lines = list(log.lines())
    hidden = HiddenEntry(index, leaf_hash(log.entries[index].leaf), "redacted:FOIA b7")
    shown = [lines[0], hidden, lines[2]]
    assert verdict_on(log.bundle(lines=shown), party_keys=PINS) == "VERIFIED"


def test_withheld_name_is_not_compared_and_a_withheld_signature_counts_for_none():
    log, index = acknowledged()
    log.happen("acknowledgement.signed", signed_fields(statement(log, index)))
    log.write_heads()
    lines = list(log.lines())
    for at, name in ((1, "actor"), (2, "envelope")):
        rest = {n: text for n, text in lines[at].disclosed.items() if n != name}
        reason = {name: "redacted:FOIA b7"}
        lines[at] = Entry(lines[at].index, lines[at].leaf, rest, reason)
        by = [one.by for one in outcome_of(log.bundle(lines=lines)).acknowledgements]
        assert by == [""]
    assert words_of(log.bundle(lines=lines)) == ["not signed"]


def test_other_side_signs_as_organisation_and_role():
    log, index = acknowledged(actor={"organisation": "NAISA", "role": "officer"})
    payload = statement(log, index).replace("D. Müller".encode(), b"NAISA, officer")
    bundle = bundle_of(log, signed_fields(payload))
    assert verdict_on(bundle, party_keys=PINS) == "VERIFIED"


def test_program_reads_the_keys_from_a_file(tmp_path, capsys):
    (tmp_path / "b.zip").write_bytes(packed(signed_bundle()).getvalue())
    (tmp_path / "policy").write_text(POLICY_TEXT)
    (tmp_path / "keys").write_text(f"{OFFICER.public.vkey()}\n")
    words = [str(tmp_path / "b.zip"), str(tmp_path / "policy"), "--party-keys"]
    assert main([*words, str(tmp_path / "keys")]) == 0
    out = capsys.readouterr().out
    digits = short(fingerprint(OFFICER.public.public))
    assert (
        "Acknowledgements (1)\n  entry 2, 2026-11-23 15:00:40 UTC, D. Müller: signed by"
        f" naisa/dm, key {digits}\n"
    ) in out
    assert main([*words, str(tmp_path / "keys"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["acknowledgements"][0]["key"] == digits
    assert main([*words, str(tmp_path / "policy")]) == 2
    assert capsys.readouterr().err.startswith("line 1: ")
