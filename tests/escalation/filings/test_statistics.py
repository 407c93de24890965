from datetime import timedelta

from escalation.filings.statistics import Quarter, punctuality_for
from escalation.models import FilingRecipient
from tests.escalation.filings.filing_world import NIS2, FilingWorld


def test_share_on_time_is_counted_by_quarter_and_law(world: FilingWorld):
    for minutes in (1, 0, -1):
        filing = world.submitted()
        FilingRecipient.objects.filter(filing=filing).update(
            due_operational=world.now + timedelta(minutes=minutes)
        )
    undated = world.submitted()
    FilingRecipient.objects.filter(filing=undated).update(due_operational=None)
    world.submitted(amends=undated)
    assert punctuality_for(world.officer, now=world.now) == [
        Quarter(NIS2, "NIS2 Directive, Article 23", "2026 Q4", 4, 2, 1)
    ]
    [quarter] = punctuality_for(world.officer, now=world.now)
    assert (quarter.percent_on_time, quarter.undated) == (66, 1)
    assert punctuality_for(world.author, now=world.now) == []
