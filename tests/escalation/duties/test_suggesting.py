from escalation.duties.suggesting import Suggestion, suggest
from escalation.regimes.questions import shipped_questions


def suggested(question, **facts):
    found = {name: frozenset(values) for name, values in facts.items()}
    return suggest(shipped_questions()[question], found)


def test_category_suggests_a_yes():
    found = suggested("people_harmed", category={"HRM"})
    assert found == Suggestion("yes", "category", ("HRM",))
    assert found.words == "Category: Someone was hurt or died"


def test_facet_suggests_a_no():
    found = suggested("outside_test", eliciting_evaluation={"yes"})
    assert (found.said, found.words) == (
        "no",
        "Inside a test made to provoke it? Yes",
    )


def test_yes_goes_before_a_no():
    found = suggested("people_harmed", outcome={"near-miss"}, harm={"physical"})
    assert (found.said, found.fact) == ("yes", "harm")


def test_only_the_values_that_suggest_it_are_named():
    found = suggested("people_harmed", harm={"economic", "physical", "psychological"})
    assert found.words == "What kind of harm? To life or body, To the mind"


def test_other_facts_suggest_nothing():
    assert suggested("people_harmed", category={"GOV"}, harm={"economic"}) is None
    assert suggested("death", category={"HRM"}) is None
