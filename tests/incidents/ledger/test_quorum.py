import pytest

from incidents.ledger.policy import NO_QUORUM, Policy, PolicyWitness, parse_policy
from incidents.ledger.quorum import (
    BadQuorum,
    GroupDraft,
    QuorumDraft,
    arrange,
    awaited,
    can_do_without,
    draft_of,
    in_words,
    is_met_by,
    needed_ones,
    read_lines,
    uncounted,
    write_lines,
)
from incidents.ledger.vkey import KeyType, signing_key

NAMES = ("naisa", "ofca", "aurora", "meridian", "body")
KEYS = {
    name: signing_key(f"{name}.example/w", KeyType.WITNESS, bytes([number]) * 32).public
    for number, name in enumerate(NAMES, start=1)
}
# The outer group stands above those that it names: order does not matter here.
LINES = """\
# two sides
group both all agencies labs
group agencies any naisa ofca
group labs 2 aurora meridian body

quorum both
"""


def policy(lines=LINES, names=NAMES):
    draft = read_lines(lines)
    witnesses = tuple(PolicyWitness(name, KEYS[name]) for name in names)
    return Policy((), witnesses, arrange(draft, names), draft.quorum)


def test_groups_of_groups_become_a_policy_that_others_read():
    made = policy()
    assert [one.name for one in made.groups] == ["agencies", "labs", "both"]
    assert parse_policy(made.write()) == made


@pytest.mark.parametrize(
    ("names", "is_met"),
    [
        (("naisa", "aurora", "body"), True),
        (("ofca", "aurora", "meridian"), True),
        (("naisa", "ofca", "aurora"), False),
        (("aurora", "meridian", "body"), False),
    ],
)
def test_quorum_of_groups_needs_what_each_of_them_needs(names, is_met):
    assert is_met_by(policy(), names) is is_met


def test_lines_are_written_as_they_are_read():
    draft = read_lines(LINES)
    assert read_lines(write_lines(draft)) == draft
    assert draft_of(policy()).groups[1] == GroupDraft(
        "labs", "2", ("aurora", "meridian", "body")
    )


def test_quorum_says_whom_it_needs_and_whom_not():
    made = policy("group a all naisa aurora\ngroup idle any ofca\nquorum a")
    assert needed_ones(made) == ("naisa", "aurora")
    assert needed_ones(policy()) == ()
    assert uncounted(made) == ("ofca", "meridian", "body", "idle")
    assert can_do_without(policy(), {"naisa"})
    assert not can_do_without(policy(), {"naisa", "ofca"})


def test_those_who_could_complete_a_head_are_awaited():
    seen = [KEYS["naisa"], KEYS["aurora"]]
    assert awaited(policy(), seen) == ("meridian", "body")
    assert awaited(policy(), [*seen, KEYS["body"]]) == ()
    assert awaited(Policy((), (), (), NO_QUORUM), ()) == ()


def test_quorum_is_said_in_words():
    words = "(one of naisa, ofca) and (2 of aurora, meridian, body)"
    assert in_words(policy()) == words
    assert in_words(policy("quorum naisa")) == "naisa"
    assert in_words(policy("group g all naisa ofca body\nquorum g")) == (
        "naisa, ofca and body"
    )
    assert in_words(Policy((), (), (), NO_QUORUM)) == ""


@pytest.mark.parametrize(
    ("lines", "place", "remedy"),
    [
        ("", ("quorum",), "Write one line"),
        ("quorum naisa\nquorum ofca", ("quorum",), "Write one line"),
        ("quorum", ("quorum",), "Line 1 is neither"),
        ("group g\nquorum naisa", ("quorum",), "Line 1 is neither"),
        ("quorum nobody", ("quorum",), "Name one of the groups"),
        ("quorum none", ("quorum",), "operator's word"),
        ("group G any naisa\nquorum naisa", ("groups", 0, "name"), "a-z, 0-9"),
        ("group none any naisa\nquorum none", ("groups", 0, "name"), "meaning"),
        ("group all any naisa\nquorum all", ("groups", 0, "name"), "meaning"),
        ("group ofca any naisa\nquorum ofca", ("groups", 0, "name"), "A witness has"),
        (
            "group g any naisa\ngroup g any ofca\nquorum g",
            ("groups", 1, "name"),
            "Two groups",
        ),
        ("group g any\nquorum g", ("groups", 0, "members"), "Name the members"),
        ("group g any gone\nquorum g", ("groups", 0, "members"), "called so"),
        ("group g any none\nquorum g", ("groups", 0, "members"), "called so"),
        (
            "group g any naisa\ngroup h all naisa ofca\nquorum h",
            ("groups", 1, "members"),
            "in the group g already",
        ),
        ("group g any ofca ofca\nquorum g", ("groups", 0, "members"), "already"),
        ("group g 0 naisa\nquorum g", ("groups", 0, "needs"), "1 to 1"),
        ("group g 3 naisa ofca\nquorum g", ("groups", 0, "needs"), "1 to 2"),
        ("group g -1 naisa ofca\nquorum g", ("groups", 0, "needs"), "1 to 2"),
        ("group g any g\nquorum g", ("groups", 0, "members"), "part of itself"),
        (
            "group g any h\ngroup h any i\ngroup i any g\nquorum naisa",
            ("groups", 0, "members"),
            "part of itself",
        ),
    ],
)
def test_quorum_that_cannot_be_is_refused(lines, place, remedy):
    with pytest.raises(BadQuorum) as error:
        policy(lines)
    assert error.value.place == place
    assert remedy in error.value.remedy


def test_there_are_at_most_as_many_groups_as_others_must_read():
    groups = tuple(GroupDraft(f"g{n}", "any", ("naisa",)) for n in range(33))
    with pytest.raises(BadQuorum, match="at most 32"):
        arrange(QuorumDraft("naisa", groups), NAMES)
