from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from incidents.anonymous.months import add_month

MOMENTS = st.datetimes(timezones=st.just(UTC)).filter(lambda at: at.year < 9000)


@given(MOMENTS)
def test_next_month_is_the_next_one_and_its_day_no_later(moment: datetime):
    later = add_month(moment)
    assert later.year * 12 + later.month == moment.year * 12 + moment.month + 1
    assert later.timetz() == moment.timetz()
    is_last = (later + timedelta(days=1)).month != later.month
    assert later.day == moment.day or (later.day < moment.day and is_last)
