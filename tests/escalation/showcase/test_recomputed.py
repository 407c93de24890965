from incidents.models import AudienceStream
from tests.recomputing import contradictions, recompute


def test_record_of_the_case_agrees_with_itself_about_deadlines(case):
    streams = AudienceStream.objects.filter(incident=case)
    ids = list(streams.values_list("stream", flat=True))
    assert list(contradictions(ids)) == []
    outcomes = [clock.outcome for one in ids for clock in recompute(one).clocks]
    assert len(outcomes) > 5
