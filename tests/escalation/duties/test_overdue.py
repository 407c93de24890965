from datetime import UTC, datetime, timedelta, timezone

from escalation.duties.overdue import is_overdue, late_by, overdue_since

DUE = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_exactly_at_the_due_instant_is_on_time():
    assert not is_overdue(DUE, at=DUE)
    assert late_by(DUE, at=DUE) == timedelta(0)


def test_the_first_instant_behind_it_is_late_in_every_zone():
    first = overdue_since(DUE)

    assert first > DUE
    assert is_overdue(DUE, at=first)
    assert is_overdue(DUE, at=first.astimezone(timezone(timedelta(hours=9))))
    assert late_by(DUE, at=DUE + timedelta(minutes=21)) == timedelta(minutes=21)


def test_what_has_no_date_is_never_late():
    assert not is_overdue(None, at=DUE)
    assert late_by(None, at=DUE) == timedelta(0)
