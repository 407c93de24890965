from incidents.incident.taxonomy import (
    CATEGORIES,
    CATEGORY_CHOICES,
    category_named,
)


def test_categories_have_the_stable_codes():
    assert " ".join(category.code for category in CATEGORIES) == (
        "WGT SXF LOC SGB CBR CYB MAN INS INF ALG UND EVA PDB HRM CRI FRD AVL GOV TPI"
    )


def test_categories_are_told_apart_by_name_and_meaning():
    assert len({category.name for category in CATEGORIES}) == 19
    assert len({category.meaning for category in CATEGORIES}) == 19
    assert all(category.signal for category in CATEGORIES)


def test_category_choices_are_code_and_name():
    assert CATEGORY_CHOICES[0] == ("WGT", "Model weights stolen or touched")


def test_category_named_finds_by_code_only():
    assert category_named("WGT") is CATEGORIES[0]
    assert category_named("wgt") is None
