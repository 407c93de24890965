"""What a mail proves, whether a machine sent it, what it answers, what becomes of it."""

from dataclasses import replace
from typing import Any

import pytest

from incidents.mail.loops import reason_to_ignore
from incidents.mail.naming import named_ref
from incidents.mail.proof import is_vouched_for
from incidents.mail.reading import read_letter
from incidents.mail.replies import answer_of
from incidents.mail.sorting import Known, sort_mail
from tests.incidents.mail.post import RELAY, mail

_REF = "INC-0000000000"


def _letter(**headers: Any):
    return read_letter(mail(**{"is_proven": False, **headers}).as_bytes())


@pytest.mark.parametrize(
    ("result", "is_proven"),
    [
        (f"{RELAY}; dmarc=pass (p=reject) header.from=aurora.example", True),
        (f"{RELAY} 1; spf=pass; dmarc=pass", True),
        (f"{RELAY}; dkim=pass header.d=aurora.example", True),
        (f"{RELAY}; dkim=pass header.i=@aurora.example", True),
        (f"{RELAY}; dkim=pass header.d=evil.example", False),
        (f"{RELAY}; dkim=pass header.d=example", False),
        (f"{RELAY}; dmarc=pass header.from=evil.example", False),
        (f"{RELAY}; dmarc=fail; dkim=pass header.d=aurora.example", False),
        (f"{RELAY}; spf=pass smtp.mailfrom=aurora.example", False),
        (f"{RELAY}; dkim=fail (dkim=pass header.d=aurora.example)", False),
        ("mx.evil.example; dmarc=pass header.from=aurora.example", False),
        ("(mx) evil; dmarc=pass header.from=aurora.example", False),
        ("", False),
    ],
)
def test_only_the_relays_own_word_on_the_senders_domain_counts(result, is_proven):
    letter = _letter(Authentication_Results=result)
    found = is_vouched_for(letter, sender="ada@aurora.example", relay=RELAY)
    assert found is is_proven


def test_subdomain_of_the_signer_is_proven_and_a_lookalike_is_not():
    letter = _letter(Authentication_Results=f"{RELAY}; dkim=pass header.d=b.example")
    found = [
        is_vouched_for(letter, sender=f"x@{domain}", relay=RELAY)
        for domain in ("b.example", "a.b.example", "ab.example")
    ]
    assert found == [True, True, False]


def test_nothing_is_proven_without_a_trusted_relay():
    letter = _letter(Authentication_Results=f"{RELAY}; dmarc=pass")
    assert is_vouched_for(letter, sender="ada@aurora.example", relay="") is False


def _ignored(letter, envelope_from="ada@aurora.example"):
    return reason_to_ignore(
        letter, envelope_from=envelope_from, own_address="desk@tocsin.example"
    )


def test_mail_of_a_person_is_not_ignored():
    assert _ignored(_letter(Auto_Submitted="no")) == ""


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (
            {"Auto_Submitted": "auto-replied; x=y"},
            "A machine sent it by itself (Auto-Submitted: auto-replied).",
        ),
        ({"List_Id": "<all.a.example>"}, "A mailing list sent it (List-Id)."),
        ({"Precedence": "Bulk"}, "It was sent to many (Precedence: bulk)."),
        ({"sender": "Tocsin <desk@tocsin.example>"}, "Tocsin itself sent it."),
    ],
)
def test_mail_of_a_machine_is_ignored_with_its_reason(headers, reason):
    assert _ignored(_letter(**headers)) == reason


def test_mail_with_our_own_message_id_is_ignored():
    raw = f"From: a@b.example\r\nMessage-ID: <{_REF}@tocsin.example>\r\n\r\nx".encode()
    assert _ignored(read_letter(raw)) == "Tocsin itself sent it."


def test_mail_without_return_path_is_ignored():
    reason = "Its return path is empty: it reports on another mail."
    assert _ignored(_letter(), envelope_from="") == reason


def test_mail_that_went_round_too_often_is_ignored():
    raw = b"Received: from x\r\n" * 51 + b"From: a@b.example\r\n\r\nx"
    assert _ignored(read_letter(raw)) == "It went through more than 50 mail servers."


@pytest.mark.parametrize(
    ("headers", "ref"),
    [
        ({"In_Reply_To": f"<{_REF}@tocsin.example>"}, _REF),
        ({"References": f"<x@y.example> <{_REF.lower()}@TOCSIN.example>"}, _REF),
        ({"References": f"<{_REF}@evil.example>"}, ""),
        ({"subject": f"AW: [SEV4] {_REF.lower()} Weights"}, _REF),
        ({"subject": "INC-0000000001 has a wrong check character"}, ""),
        ({"subject": "Weights"}, ""),
    ],
)
def test_incident_is_named_by_the_thread_or_the_subject(headers, ref):
    assert named_ref(_letter(**headers), domain="tocsin.example") == ref


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Yes.", "Yes."),
        ("Yes.\n\nOn Monday Ada wrote:\n> Over?\n>\n> A.", "Yes."),
        ("Yes.\n\nOn Monday, at 3:00,\nAda <a@b> wrote:\n\n> Over?", "Yes."),
        ("Yes.\n-----Original Message-----\nFrom: Tocsin", "Yes."),
        ("> Over?\nYes.\n> And then?\nNo.", "> Over?\nYes.\n> And then?\nNo."),
        ("These hold:\n\nfirst\nsecond:", "These hold:\n\nfirst\nsecond:"),
        ("> only a quote", "> only a quote"),
    ],
)
def test_answer_is_what_stands_above_the_quote(text, answer):
    assert answer_of(text) == answer


_GOOD = Known(
    organisation="Aurora Labs",
    sender="ada@aurora.example",
    is_member=True,
    is_proven=True,
    may_comment=True,
    may_report=True,
)
_ANSWER = replace(_GOOD, names=_REF, sees_incident=True)


@pytest.mark.parametrize(
    ("known", "state", "reason"),
    [
        (_GOOD, "reported", "ada@aurora.example reported it."),
        (_ANSWER, "commented", f"ada@aurora.example answered {_REF}."),
        (replace(_GOOD, ignored="A list."), "ignored", "A list."),
        (replace(_GOOD, sender=""), "held", "It does not name exactly one sender."),
        (
            replace(_GOOD, is_member=False),
            "held",
            "Nobody of Aurora Labs has the address ada@aurora.example.",
        ),
        (
            replace(_GOOD, is_proven=False),
            "held",
            "That ada@aurora.example sent it is not proven.",
        ),
        (
            replace(_ANSWER, came_to_anothers=True),
            "held",
            "It came to a reply address that is not ada@aurora.example's.",
        ),
        (replace(_GOOD, is_empty=True), "held", "It says nothing."),
        (
            replace(_ANSWER, sees_incident=False),
            "held",
            f"It names {_REF}, which Aurora Labs does not see.",
        ),
        (
            replace(_ANSWER, may_comment=False),
            "held",
            "The role of ada@aurora.example does not let them comment.",
        ),
        (
            replace(_GOOD, may_report=False),
            "held",
            "The role of ada@aurora.example does not let them file incidents.",
        ),
    ],
)
def test_mail_is_sorted_by_what_is_known(known, state, reason):
    verdict = sort_mail(known)
    assert (verdict.state, verdict.reason) == (state, reason)
