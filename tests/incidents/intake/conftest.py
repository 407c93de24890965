import pytest


@pytest.fixture
def organisation(db):
    from tests.incidents.intake import intake_world  # noqa: PLC0415  Django comes first

    return intake_world.make_organisation()


@pytest.fixture
def source(organisation):
    from tests.incidents.intake import intake_world  # noqa: PLC0415  Django comes first

    return intake_world.make_source(organisation)
