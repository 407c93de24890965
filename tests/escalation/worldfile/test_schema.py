import pytest

from escalation.worldfile.problems import WorldFileInvalid
from escalation.worldfile.schema import read_world
from incidents.intake.adapters.registry import ADAPTERS
from tests.escalation.worldfile.conftest import SMALL


def _problems(text, *, is_demo_allowed=False, **substitutes):
    names = {"TOCSIN_DEMO_RECEIVER": "", **substitutes}
    _, problems = read_world(text, is_demo_allowed=is_demo_allowed, substitutes=names)
    with pytest.raises(WorldFileInvalid) as refusal:
        problems.raise_if_any()
    return [(one.line, one.field, one.message) for one in refusal.value.problems]


def test_a_good_file_has_no_problems():
    world, problems = read_world(SMALL, is_demo_allowed=False, substitutes={})
    problems.raise_if_any()
    assert [person.roles for person in world.people] == [
        {"aurora": ("responder", "admin")},
        {"aurora": ("staff",)},
    ]
    assert world.policies[0].body == {
        "steps": [
            {"kind": "notify", "targets": [{"team": "duty"}, {"webhook": "pager"}]},
            {"kind": "wait", "minutes": 5},
            {"kind": "repeat", "from": 1, "rounds": 2},
        ],
        "ack_timeout_minutes": 30,
        "fallback": {"user": "duty@aurora.example"},
    }


def test_what_is_not_toml_is_told_with_its_line():
    with pytest.raises(WorldFileInvalid, match=r"^line 2: this is not TOML: .+\.$"):
        read_world("a = 1\nb = = 2\n", is_demo_allowed=False, substitutes={})


def test_all_problems_are_told_at_once_in_the_order_of_the_file():
    text = """\
[[organisations]]
slug = "Aurora!"
kind = "company"

[[people]]
email = "nobody"
roles = { aurora = "admin" }
colour = "red"

[[sources]]
organisation = "aurora"
slug = "prom"
tool = "nagios"
name = ""
default_severity = 6
enabled = "yes"
"""
    assert _problems(text) == [
        (1, "organisations[0].name", "is missing; add it."),
        (
            2,
            "organisations[0].slug",
            "'Aurora!' cannot be used. Use a-z, 0-9 and hyphens, at most 60 "
            "characters.",
        ),
        (
            3,
            "organisations[0].kind",
            "'company' cannot be used. Use one of lab, agency, platform.",
        ),
        (
            6,
            "people[0].email",
            "'nobody' cannot be used. Write an e-mail address like name@lab.example.",
        ),
        (
            7,
            "people[0].roles.aurora",
            '\'admin\' cannot be used. Write a list like ["a", "b"].',
        ),
        (
            8,
            "people[0].colour",
            "'colour' is no field here. Known are email, name, password, roles.",
        ),
        (
            13,
            "sources[0].tool",
            f"'nagios' cannot be used. Use one of {', '.join(ADAPTERS)}.",
        ),
        (14, "sources[0].name", "'' cannot be used. It may not be empty."),
        (
            15,
            "sources[0].default_severity",
            "6 cannot be used. Write a whole number from 0 to 5.",
        ),
        (16, "sources[0].enabled", "'yes' cannot be used. Write true or false."),
    ]


def test_a_wrong_step_of_a_policy_is_told_on_its_own_line():
    text = SMALL.replace("minutes = 5", "minutes = 0")
    line = text[: text.index("minutes = 0")].count("\n") + 1
    assert [problem[:2] for problem in _problems(text)] == [
        (line, "policies[0].steps[1].minutes")
    ]


def test_a_wrong_matcher_is_told_on_its_own_line():
    text = SMALL.replace('op = ">="', 'op = "~"')
    line = text[: text.index('op = "~"')].count("\n") + 1
    assert [problem[:2] for problem in _problems(text)] == [
        (line, "routes[0].match[0].op")
    ]


def test_a_wrong_mapping_names_the_source():
    text = SMALL.replace("{ title =", "{ titel =")
    [(_, field, message)] = _problems(text)
    assert field.startswith("sources[0].mapping")
    assert "titel" in message or "titel" in field


def test_an_unknown_section_is_told():
    [(line, field, _)] = _problems("[[person]]\nemail = 'a@b.example'\n")
    assert (line, field) == (1, "person")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("demo = true\n", "demo"),
        ('[[people]]\nemail = "a@b.example"\npassword = "x"\n', "people[0].password"),
    ],
)
def test_what_only_the_demo_may_hold_is_refused_elsewhere(text, field):
    [(_, place, message)] = _problems(text)
    assert (place, "only in the demo" in message) == (field, True)


def test_a_given_source_key_is_refused_outside_the_demo():
    text = SMALL.replace('slug = "prom"', 'slug = "prom"\nkey = "0123456789abcdef"')
    assert [problem[1] for problem in _problems(text)] == ["sources[0].key"]


def test_a_name_from_the_environment_is_put_in():
    text = SMALL.replace("https://pager.example", "${TOCSIN_DEMO_RECEIVER}")
    world, problems = read_world(
        text,
        is_demo_allowed=False,
        substitutes={"TOCSIN_DEMO_RECEIVER": "http://127.0.0.1:9"},
    )
    problems.raise_if_any()
    assert world.contact_methods[1].address == "http://127.0.0.1:9/in"


@pytest.mark.parametrize(
    ("name", "said"),
    [("TOCSIN_DEMO_RECEIVER", "is not set"), ("TOCSIN_DATA", "cannot be put in")],
)
def test_a_name_that_is_not_set_or_not_allowed_is_told(name, said):
    text = SMALL.replace("https://pager.example", f"${{{name}}}")
    [(line, field, message)] = _problems(text)
    assert field == "contact_methods[1].address"
    assert line == text[: text.index("${TOCSIN")].count("\n") + 1
    assert said in message
