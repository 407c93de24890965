import pytest

from incidents.incident.facets import FACETS, FacetError, parse_facets


def test_facets_have_unique_keys_and_choices_where_one_is_chosen():
    assert len({facet.key for facet in FACETS}) == len(FACETS)
    for facet in FACETS:
        values = [choice.value for choice in facet.choices]
        assert len(values) == len(set(values))
        assert bool(values) == (facet.kind != "text")


def test_parse_facets_keeps_known_values_and_drops_empty_ones():
    assert parse_facets(
        {
            "outcome": "near-miss",
            "vector": ["physical", "credentials", "physical"],
            "models": " aurora-7 ",
            "actor": "",
            "harm": [],
            "timing": None,
        }
    ) == {
        "outcome": "near-miss",
        "vector": ["credentials", "physical"],
        "models": "aurora-7",
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"colour": "red"}, "facets.colour: there is no such facet; use determination"),
        (
            {"outcome": "bad"},
            "facets.outcome: 'bad' is not one of its values; "
            "use hazard, near-miss, incident",
        ),
        (
            {"outcome": ["hazard"]},
            "facets.outcome: ['hazard'] is not one of its values",
        ),
        ({"vector": "physical"}, "facets.vector: send a list of values"),
        ({"vector": ["magic"]}, "facets.vector: 'magic' is not one of its values"),
        ({"models": 7}, "facets.models: send text of at most 500 characters"),
        ({"models": "x" * 501}, "facets.models: send text of at most 500 characters"),
    ],
)
def test_parse_facets_names_field_value_and_remedy(values, message):
    with pytest.raises(FacetError) as caught:
        parse_facets(values)
    assert str(caught.value).startswith(message)
