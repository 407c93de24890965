import pytest

from incidents.incident.tlp import (
    TLP_CHOICES,
    Content,
    Tlp,
    content_for,
    may_carry_content,
    parse_tlp,
    strictest,
)

EXPECTED = {
    # label: (e-mail inside, webhook inside, link inside, e-mail outside, webhook outside)
    "RED": "POINTER POINTER POINTER POINTER POINTER",
    "AMBER+STRICT": "HEADLINE HEADLINE HEADLINE OUTLINE OUTLINE",
    "AMBER": "FULL FULL HEADLINE OUTLINE OUTLINE",
    "GREEN": "FULL FULL HEADLINE HEADLINE HEADLINE",
    "CLEAR": "FULL FULL HEADLINE FULL FULL",
}


def test_labels_are_spelt_as_the_standard_says():
    assert TLP_CHOICES == [
        ("RED", "TLP:RED"),
        ("AMBER+STRICT", "TLP:AMBER+STRICT"),
        ("AMBER", "TLP:AMBER"),
        ("GREEN", "TLP:GREEN"),
        ("CLEAR", "TLP:CLEAR"),
    ]
    assert len({tlp.meaning for tlp in Tlp}) == 5


@pytest.mark.parametrize("label", EXPECTED)
def test_content_for_follows_the_table(label):
    found = [
        content_for(label, kind, inside=inside).name
        for kind, inside in [
            ("email", True),
            ("webhook", True),
            ("link", True),
            ("email", False),
            ("webhook", False),
        ]
    ]
    assert " ".join(found) == EXPECTED[label]


def test_unknown_channel_never_carries_the_description():
    assert content_for("CLEAR", "pigeon", inside=True) is Content.HEADLINE


@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_neither_text_nor_call_ever_carries_the_title(channel):
    found = {label: content_for(label, channel, inside=True) for label in Tlp}
    assert found.pop(Tlp.RED) is Content.POINTER
    assert set(found.values()) == {Content.OUTLINE}


@pytest.mark.parametrize("channel", ["slack", "teams", "apprise"])
def test_servers_of_others_never_get_the_description(channel):
    assert content_for("CLEAR", channel, inside=True) is Content.HEADLINE


@pytest.mark.parametrize("kind", ["email", "webhook", "link", "sms"])
@pytest.mark.parametrize("inside", [True, False])
def test_red_goes_out_as_pointer_only(kind, inside):
    assert content_for("RED", kind, inside=inside) is Content.POINTER
    assert may_carry_content("RED", kind, inside=inside) is False


def test_may_carry_content_is_about_the_title():
    assert may_carry_content("AMBER+STRICT", "email", inside=True) is True
    assert may_carry_content("AMBER+STRICT", "email") is False
    assert may_carry_content("GREEN", "webhook") is True


def test_strictest_is_the_label_of_what_is_made_of_parts():
    assert strictest(["CLEAR", "AMBER", "GREEN"]) is Tlp.AMBER
    assert strictest(["AMBER", "TLP:AMBER+STRICT"]) is Tlp.AMBER_STRICT
    assert strictest(list(Tlp)) is Tlp.RED


def test_strictest_of_nothing_is_not_shareable():
    assert strictest([]) is Tlp.RED


@pytest.mark.parametrize("text", ["red", "TLP: RED", "WHITE", "AMBER STRICT", ""])
def test_parse_tlp_refuses_other_spellings(text):
    with pytest.raises(ValueError, match="is not a label; use RED, AMBER"):
        parse_tlp(text)
