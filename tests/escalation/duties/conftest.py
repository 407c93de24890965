from collections.abc import Callable

import pytest

from escalation.models import LegalProfile
from incidents.models import Incident, Organisation
from tests import factories as make
from tests.factories import NOW


@pytest.fixture
def watch(db: None) -> Callable[..., None]:
    """Return a function that lets an organisation watch regimes."""

    def write(organisation: Organisation, *regimes: str) -> None:
        LegalProfile.objects.update_or_create(
            organisation=organisation,
            defaults={"regimes": {name: {} for name in regimes}, "changed_at": NOW},
        )

    return write


@pytest.fixture
def incident(db: None, watch: Callable[..., None]) -> Incident:
    """An incident of a lab that watches the AI Act."""
    aurora = make.lab("aurora")
    watch(aurora, "eu-ai-act-73")
    return make.incident(aurora, category="GOV")
