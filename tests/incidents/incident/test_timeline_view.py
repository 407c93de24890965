from incidents.events.feed import TimelineItem
from incidents.events.kinds import KINDS
from incidents.incident.timeline_view import timeline_view
from tests.factories import NOW


def summary(kind: str, data: dict[str, object], **names: str) -> str:
    item = TimelineItem(
        seq=1,
        kind=kind,
        at=NOW,
        actor={},
        summary=KINDS[kind].summarise(data),
        data=data,
        entry_id=1,
        stream="",
        stream_seq=1,
    )
    known = {"us-ny-raise": "New York RAISE Act"} | names
    [line] = timeline_view([item], url="/", is_whole=True, names=known).lines
    return line.summary


def test_line_says_an_instant_as_people_do():
    data = {"what": "Acknowledge", "due_at": "2026-11-27T23:55:50.790+01:00"}
    assert summary("clock.breached", data) == (
        "Acknowledge: overdue since 27 Nov 2026, 22:55:50 UTC"
    )


def test_line_names_the_law_and_says_the_verdict_in_words():
    data = {"decision": 1, "regime": "us-ny-raise", "verdict": "not_reportable"}
    assert summary("decision.confirmed", data) == (
        "Decision under New York RAISE Act confirmed: not reportable"
    )


def test_line_keeps_an_id_that_nobody_names():
    data = {"regime": "own-rules", "reason": "A model_x ran."}
    assert summary("decision.reportable", data) == (
        "Reportable under own-rules: A model_x ran."
    )
