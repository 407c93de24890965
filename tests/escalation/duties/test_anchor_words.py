from escalation.duties.anchor_words import NAMES, REPEATED, WORDS


def test_every_instant_has_its_words_and_no_other():
    assert set(WORDS) == NAMES


def test_what_is_repeated_is_an_instant():
    assert REPEATED < NAMES
