import pytest

from incidents.models import Tick
from incidents.sealing.places import sealed_size
from incidents.tasks import seal
from tests.incidents.sealing.log import record_entries


@pytest.mark.django_db
def test_task_seals_what_waits_and_writes_the_heads():
    record_entries(count=3)
    seal()
    seal()
    assert sealed_size() == 4  # the list of heads is an entry too
    assert Tick.objects.filter(consumer="sealer").exists()
