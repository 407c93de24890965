import pytest

from escalation.policies.places import label_of_place

PLACES = [
    ("3", "steps[2]"),
    ("3.1", "steps[2].then[0]"),
    ("3 else 1", "steps[2].else[0]"),
    ("3 else 1.2", "steps[2].else[0].then[1]"),
    ("10.2 else 3.1", "steps[9].then[1].else[2].then[0]"),
]


@pytest.mark.parametrize(("label", "place"), PLACES)
def test_place_of_a_step_leads_to_its_label(label, place):
    assert label_of_place(place) == (label, "")
    assert label_of_place(f"{place}.targets[0].user") == (label, "targets[0].user")


@pytest.mark.parametrize("place", ["fallback", "clocks[0].minutes", ""])
def test_place_that_is_no_step_has_no_label(place):
    assert label_of_place(place) == ("", place)
