import tomllib

from hypothesis import given
from hypothesis import strategies as st

from escalation.worldfile.positions import line_numbers, line_of
from escalation.worldfile.toml_text import array_item

TEXT = """\
# people = "not here"
demo = true

[[people]]
email = "a#b"
note = '''
[[people]]
email = "inside"
'''
roles = { "x y" = ["staff"], b.c = [] }  # [[people]]

[[people]]
email = \"\"\"
more "quotes" \\"\"\"
\"\"\"
[[policies]]
[[policies.steps]]
kind = "notify"
targets = [ # why
  { team = "a]" },

  { user = "b}" },
]
[[policies.steps]]
minutes = 5
[policies.fallback]
user = "c"
"""


def test_every_kind_of_value_is_found_on_its_line():
    tomllib.loads(TEXT)
    lines = line_numbers(TEXT)
    expected = {
        ("demo",): 2,
        ("people", 0): 4,
        ("people", 0, "email"): 5,
        ("people", 0, "note"): 6,
        ("people", 0, "roles", "x y", 0): 10,
        ("people", 0, "roles", "b", "c"): 10,
        ("people", 1): 12,
        ("people", 1, "email"): 13,
        ("policies", 0, "steps", 0, "targets", 0, "team"): 20,
        ("policies", 0, "steps", 0, "targets", 1): 22,
        ("policies", 0, "steps", 1, "minutes"): 25,
        ("policies", 0, "fallback", "user"): 27,
    }
    assert {path: lines[path] for path in expected} == expected


def test_what_is_missing_is_told_on_the_line_of_its_table():
    lines = line_numbers(TEXT)
    assert line_of(lines, ("people", 1, "name")) == 12
    assert line_of(lines, ("sources", 3)) == 1


def test_windows_line_ends_count_as_one_line():
    assert line_numbers("a = 1\r\nb = 2\r\n")[("b",)] == 2


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_values = st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | _texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(_texts, _values, min_size=1, max_size=4), max_size=4))
def test_what_is_written_is_read_back_and_every_value_is_located(items):
    text = "\n".join(array_item("things", item) for item in items)
    assert tomllib.loads(text).get("things", []) == items
    lines = line_numbers(text)
    written = text.split("\n")
    for index, item in enumerate(items):
        header = lines["things", index]
        assert written[header - 1] == "[[things]]"
        places = [lines["things", index, name] for name in item]
        assert places == sorted(places)
        assert places[0] == header + 1
