import doctest

import pytest

from incidents.intake.adapters import tags


def test_examples_of_the_module_are_right():
    assert doctest.testmod(tags).failed == 0


@pytest.mark.parametrize(
    ("value", "labels"),
    [
        (None, {}),
        (7, {}),
        ("", {}),
        ("a, b", {"tags": "a, b"}),
        ("url:http://x:1", {"url": "http://x:1"}),
        ("severity_high", {"severity": "high"}),
        ("severity-", {"tags": "severity-"}),
        ({"team": "weights", "gpu": None}, {"team": "weights", "tags": "gpu"}),
        ([{"key": "a", "value": 1}, {"value": 2}, [None, "x"], []], {"a": "1"}),
        (
            [{"tag": "a", "value": "1"}, {"tag": "b", "value": ""}],
            {"a": "1", "tags": "b"},
        ),
    ],
)
def test_tags_become_labels(value, labels):
    assert tags.labels_of_tags(value) == labels
