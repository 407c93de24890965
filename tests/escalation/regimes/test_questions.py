import pytest

from escalation.regimes.questions import FILE, read_questions, shipped_questions
from escalation.regimes.tables import RegimeError

FIRST = """[[questions]]
key = "hurt"
topic = "People"
text = "Was anybody hurt?"
help = "Also a little."
"""


def second(**more):
    lines = "".join(f"{key} = {value}\n" for key, value in more.items())
    return f'{FIRST}\n[[questions]]\nkey = "dead"\ntopic = "People"\ntext = "Dead?"\nhelp = "Any."\n{lines}'


def test_shipped_questions_have_keys_that_fit_their_column():
    assert FILE.exists()
    assert all(len(key) <= 60 for key in shipped_questions())


def test_question_keeps_what_its_table_says():
    found = read_questions(
        second(
            only_if='["hurt"]',
            hints='[{ fact = "category", values = ["HRM"], said = "yes" }]',
        ),
        file="q.toml",
    )
    assert list(found) == ["hurt", "dead"]
    assert found["dead"].only_if == ("hurt",)
    assert [(one.fact, one.values, one.said) for one in found["dead"].hints] == [
        ("category", ("HRM",), "yes")
    ]


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        (second(only_iff='["hurt"]'), "questions[1].only_iff", "This key is unknown"),
        (second(only_if='["dead"]'), "questions[1].only_if", "before it: use one of"),
        (second(any_of='["ill"]'), "questions[1].any_of", "There is no question 'ill'"),
        (
            second(any_of='["hurt"]', only_if='["hurt"]'),
            "questions[1].any_of",
            "leave out only_if",
        ),
        (f"{FIRST}\n{FIRST}", "questions[1].key", "stands there twice"),
        (FIRST.replace("help", "hlp"), "questions[0].help", "It is missing"),
        (
            second(hints='[{ fact = "weather", values = ["wet"], said = "yes" }]'),
            "questions[1].hints[0].fact",
            "is no fact: use one of category",
        ),
        (
            second(hints='[{ fact = "category", values = ["XYZ"], said = "yes" }]'),
            "questions[1].hints[0].values",
            "Use some of WGT",
        ),
        (
            second(hints='[{ fact = "danger", values = ["yes"], said = "unknown" }]'),
            "questions[1].hints[0].said",
            "Write yes or no",
        ),
        ("x = ", "(file)", "valid TOML"),
    ],
)
def test_what_is_wrong_with_questions_is_named(text, key, remedy):
    with pytest.raises(RegimeError) as caught:
        read_questions(text, file="q.toml")
    assert (caught.value.file, caught.value.key) == ("q.toml", key)
    assert remedy in caught.value.remedy
