import pytest

from incidents.evidence.redaction import (
    BadRule,
    Redaction,
    Rule,
    read_rules,
    rules_from_body,
    rules_to_body,
)

TEXT = """\
actor: FOIA b(6)

12 text: FOIA b(7)(A)
15: FOIA b(5)
"""
RULES = (
    Rule("actor", "FOIA b(6)"),
    Rule("text", "FOIA b(7)(A)", 12),
    Rule("", "FOIA b(5)", 15),
)


def test_rules_are_read_one_a_line():
    assert read_rules(TEXT) == RULES
    assert "\n".join(rule.line() for rule in RULES) == TEXT.strip().replace(
        "\n\n", "\n"
    )


def test_rules_are_stored_and_read_back():
    assert rules_from_body(rules_to_body(RULES)) == RULES


def test_rule_of_an_entry_counts_before_that_of_all():
    redaction = Redaction((*RULES, Rule("actor", "EU 4.1.b", 3)))
    assert redaction.of_field(3, "actor") == "EU 4.1.b"
    assert redaction.of_field(4, "actor") == "FOIA b(6)"
    assert redaction.of_field(12, "text") == "FOIA b(7)(A)"
    assert redaction.of_field(13, "text") is None
    assert (redaction.of_entry(15), redaction.of_entry(12)) == ("FOIA b(5)", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("actor", "Line 1: write it like “12 text: FOIA b(6)”."),
        ("\nactor:", "Line 2: Say by which authority"),
        (": FOIA", "Line 1: Name a field, an entry by its number, or both."),
        ("Actor: FOIA", "Line 1: write it like"),
        ("actor: b(6) §", "Line 1: Say by which authority"),
        ("a: b\n" * 501, "At most 500 rules"),
    ],
)
def test_rule_that_cannot_be_used_says_what_to_do(text, message):
    with pytest.raises(BadRule) as raised:
        read_rules(text)
    assert str(raised.value).startswith(message)
