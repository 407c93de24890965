import contextlib
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.intake.adapters.jsonpath import Budget, TooWide, compile_path, select

STORE = {
    "books": [
        {"title": "Ladders", "price": 8, "tags": ["a", "b"]},
        {"title": "Clocks", "price": 12, "isbn": "0-1"},
        {"title": "Runs", "price": 9, "isbn": "0-2"},
    ],
    "place": {"name": "North", "open": False, "none": None},
    "a.b": {"c d": 7},
}


def found(path):
    return select(compile_path(path), STORE, Budget())


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$.place.name", ["North"]),
        ("$['a.b']['c d']", [7]),
        ("$.books[0].title", ["Ladders"]),
        ("$.books[-1].title", ["Runs"]),
        ("$.books[1:].price", [12, 9]),
        ("$.books[*].price", [8, 12, 9]),
        ("$..isbn", ["0-1", "0-2"]),
        ("$.place['open', 'name']", [False, "North"]),
        ("$.books[0, 2].title", ["Ladders", "Runs"]),
        ("$.books[?@.isbn].title", ["Clocks", "Runs"]),
        ("$.books[?@.price < 10 && @.isbn].title", ["Runs"]),
        ("$.books[?@.title == 'Clocks' || @.price == 8].price", [8, 12]),
        ("$.books[?length(@.title) == 4].title", ["Runs"]),
        ("$.books[?count(@.tags[*]) == 2].title", ["Ladders"]),
        ("$.place['match', 'name']", ["North"]),
        ("$.place.search", []),
        ("$.place.none", [None]),
        ("$.nowhere.at.all", []),
    ],
)
def test_path_leads_to_its_values(path, values):
    assert found(path) == values


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("$.a[", "'$.a[' is not a JSONPath: "),
        ("$.a['b", '"$.a[\'b" has a quote that does not end'),
        ("$" + ".a" * 100, "a path has at most 200 characters"),
        ("$..a..b", "a path may have .. once"),
        ("$.a[?@..b]", "a filter may not have .."),
        ("$.a[?@.b == $.c]", "a filter may look at @ only, not at $"),
        ("$['a', 'a']", "several places in brackets must be different names"),
        ("$[*, 0]", "several places in brackets must be different names"),
        ("$[0, -1]", "several places in brackets must be different names"),
        (r"$['a', '\u0061']", "several places in brackets must be different names"),
        ("$[?@.a, ?@.b]", "several places in brackets must be different names"),
        ("$.a[?match(@.b, '(a+)+b')]", "match and search are left out; compare"),
        ("$.a[?!match(@.b, 'a')]", "match and search are left out; compare"),
        ("$.a[?@.c&&match(@.b, 'a')]", "match and search are left out; compare"),
        ("$.a[?search(@.b, '(a+)+b')]", "match and search are left out; compare"),
    ],
)
def test_path_that_may_cost_too_much_is_refused(path, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        compile_path(path)


def test_path_to_one_place_costs_nothing():
    assert compile_path("$.a[3]['b']").weight == 0


def test_path_to_many_places_pays_for_each_value():
    budget = Budget(left=100)
    select(compile_path("$..isbn"), STORE, budget)
    assert budget.left == 100 - 22
    select(compile_path("$.books[?@.isbn]"), STORE, budget)
    assert budget.left == 100 - 22 - 2 * 22


def test_budget_that_is_spent_stops_the_reading():
    budget = Budget(left=21)
    with pytest.raises(TooWide):
        select(compile_path("$..isbn"), STORE, budget)


def test_document_deeper_than_the_library_descends_is_too_wide():
    document = {}
    for _ in range(150):
        document = {"a": document}
    with pytest.raises(TooWide):
        select(compile_path("$..b"), document, Budget())


@pytest.mark.parametrize(
    "path",
    [
        "$..*",
        "$..[?@[?@[?@]]]",
        "$[*][*][*][*][*]",
        "$..[?" + " && ".join(["@[*]"] * 20) + "]",
        "$..[?@ == @]",
    ],
)
def test_worst_paths_end_soon_within_the_budget(path):
    leaves = [[[[1] * 10] * 10] * 10] * 20
    started = time.process_time()
    with contextlib.suppress(TooWide):
        select(compile_path(path), leaves, Budget())
    assert time.process_time() - started < 10


PARTS = ["$", ".", "..", "[", "]", "'a'", '"b"', "*", "?", "@", ",", ":", "==", "&&"]
PARTS += ["a", "0", "-1", "1:2", "(", ")", "!", " ", "length", "match", "\\", "'", "\n"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(PARTS), max_size=12).map("".join) | st.text(max_size=20)
)
def test_any_text_is_a_path_or_refused_and_never_anything_else(text):
    try:
        query = compile_path(f"${text}")
    except ValueError:
        return
    assert isinstance(select(query, STORE, Budget()), list)
