import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.policies.matchers import (
    IncidentFacts,
    Matcher,
    RuleError,
    describe,
    holds,
    matchers_to_body,
    parse_matchers,
)

FACTS = IncidentFacts(
    organisation="aurora",
    category="WGT",
    severity=3,
    source="prometheus",
    tlp="AMBER",
    labels={"team": "weights", "cluster": "eu-1\nprod"},
)


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("severity", ">=", 3, True),
        ("severity", ">=", 4, False),
        ("severity", "<=", 3, True),
        ("severity", "<=", 2, False),
        ("severity", "=", 3, True),
        ("severity", "=", 4, False),
        ("severity", "!=", 4, True),
        ("severity", "!=", 3, False),
        ("organisation", "=", "aurora", True),
        ("organisation", "=", "meridian", False),
        ("category", "!=", "SXF", True),
        ("category", "!=", "WGT", False),
        ("category", "=~", "WGT|SXF", True),
        ("source", "=", "web", False),
        ("source", "!~", "web|api", True),
        ("source", "!~", "prom.*", False),
        ("tlp", "=", "AMBER", True),
        ("tlp", "=", "AMBER+STRICT", False),
        ("label:team", "=", "weights", True),
        ("label:team", "=~", "w.*", True),
        ("label:team", "=~", "weight", False),
        ("label:team", "=~", "eights", False),
        ("label:cluster", "=~", "eu-1.prod", False),
        ("label:cluster", "=~", "(?s)eu-1.prod", True),
        ("label:missing", "=", "", True),
        ("label:missing", "!=", "x", True),
        ("label:missing", "=~", ".+", False),
        ("label:missing", "!~", ".+", True),
    ],
)
def test_matcher_holds(field, op, value, expected):
    [matcher] = parse_matchers([{"field": field, "op": op, "value": value}])
    assert holds(matcher, FACTS) is expected


def test_describe_is_for_people():
    matchers = (
        Matcher("severity", "<=", 2),
        Matcher("category", "!=", "WGT"),
        Matcher("label:team", "=~", "we.*"),
        Matcher("label:rack", "=", ""),
    )
    assert describe(matchers) == (
        'severity ≤ 2 and category ≠ WGT and label team =~ we.* and label rack = ""'
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "matchers: send a list of at most 20 objects"),
        ([{}] * 21, "matchers: send a list of at most 20 objects"),
        (["x"], "matchers[0]: send an object with exactly field, op and value"),
        (
            [{"field": "tlp", "op": "=", "value": "RED", "x": 1}],
            "matchers[0]: send an object with exactly field, op and value",
        ),
        (
            [{"field": "colour", "op": "=", "value": "x"}],
            "matchers[0].field: 'colour' is not known; use organisation, category",
        ),
        (
            [{"field": "label:", "op": "=", "value": "x"}],
            "matchers[0].field: 'label:' is not known; use organisation, category",
        ),
        (
            [{"field": "labels", "op": "=", "value": "x"}],
            "matchers[0].field: 'labels' is not known; use organisation, category",
        ),
        (
            [{"field": ["tlp"], "op": "=", "value": "x"}],
            "matchers[0].field: ['tlp'] is not known",
        ),
        (
            [{"field": "severity", "op": "=~", "value": "3"}],
            "matchers[0].op: '=~' does not fit severity; use = != >= <=",
        ),
        (
            [{"field": "source", "op": ">=", "value": "3"}],
            "matchers[0].op: '>=' does not fit source; use = != =~ !~",
        ),
        (
            [{"field": "source", "op": ["="], "value": "3"}],
            "matchers[0].op: ['='] does not fit source",
        ),
        (
            [{"field": "severity", "op": ">=", "value": 6}],
            "matchers[0].value: 6 is not a severity; use 0 to 5",
        ),
        (
            [{"field": "severity", "op": ">=", "value": "4"}],
            "matchers[0].value: '4' is not a severity; use 0 to 5",
        ),
        (
            [{"field": "severity", "op": ">=", "value": True}],
            "matchers[0].value: True is not a severity; use 0 to 5",
        ),
        (
            [{"field": "category", "op": "=", "value": "weights"}],
            "matchers[0].value: 'weights' is not a category; use one of ALG, AVL",
        ),
        (
            [{"field": "tlp", "op": "!=", "value": "WHITE"}],
            "matchers[0].value: 'WHITE' is not a tlp; use one of AMBER, AMBER+STRICT",
        ),
        (
            [{"field": "source", "op": "=", "value": None}],
            "matchers[0].value: send text of at most 1000 characters",
        ),
        (
            [{"field": "source", "op": "=~", "value": "x" * 1001}],
            "matchers[0].value: send text of at most 1000 characters",
        ),
        (
            [{"field": "label:a", "op": "=~", "value": "a(?=b)"}],
            "matchers[0].value: 'a(?=b)' is not an RE2 pattern",
        ),
        (
            [{"field": "label:a", "op": "!~", "value": "("}],
            "matchers[0].value: '(' is not an RE2 pattern",
        ),
        (
            [{"field": "label:a", "op": "=~", "value": "(?:a{1000}){1000}"}],
            "matchers[0].value: '(?:a{1000}){1000}' is not an RE2 pattern",
        ),
        (
            [{"field": "label:a", "op": "=~", "value": "\ud800"}],
            "matchers[0].value: '\\ud800' is not an RE2 pattern",
        ),
    ],
)
def test_parse_matchers_names_field_value_and_remedy(body, message):
    with pytest.raises(RuleError) as caught:
        parse_matchers(body)
    assert str(caught.value).startswith(message)


def test_matchers_to_body_is_what_parse_matchers_reads():
    body = [
        {"field": "severity", "op": ">=", "value": 4},
        {"field": "label:team", "op": "=~", "value": "we.*"},
    ]
    assert matchers_to_body(parse_matchers(body)) == body


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
likely_matchers = st.fixed_dictionaries(
    {
        "field": st.sampled_from(["severity", "source", "tlp", "label:x"])
        | json_values,
        "op": st.sampled_from(["=", "!=", "=~", "!~", ">=", "<="]) | json_values,
        "value": st.integers(0, 5)
        | st.text("ab.*+?()[]\\|^$1", max_size=8)
        | json_values,
    }
)


@settings(deadline=None)
@given(st.lists(likely_matchers | json_values, max_size=4) | json_values)
def test_whatever_parses_can_be_asked_and_described(body):
    try:
        matchers = parse_matchers(body)
    except RuleError:
        return
    assert {holds(m, FACTS) for m in matchers} <= {True, False}
    assert parse_matchers(matchers_to_body(matchers)) == matchers


@settings(deadline=None)
@given(st.text(max_size=30))
def test_pattern_cannot_hang_on_any_value(text):
    [matcher] = parse_matchers([{"field": "label:x", "op": "=~", "value": "(a*)*b"}])
    facts = IncidentFacts("a", "WGT", 1, "web", "RED", {"x": "a" * 5_000 + text})
    assert holds(matcher, facts) is (
        set(text) <= {"a", "b"} and text.endswith("b") and text.count("b") == 1
    )
