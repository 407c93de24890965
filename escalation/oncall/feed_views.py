"""Answer calendar programs, which hold a secret address and do not sign in."""

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from escalation.oncall.feeds import find_feed, shifts_of_feed
from escalation.oncall.ical_feed import FeedShift, write_calendar
from escalation.oncall.status import people_in, people_named
from incidents.timers.clock import read_now


@never_cache
@require_safe
def schedule_feed(request: HttpRequest, secret: str) -> HttpResponse:
    """Return the shifts as an iCalendar file; 404 for what is unknown or has ended."""
    now = read_now()
    feed = find_feed(secret, now=now)
    if feed is None:
        text = "This calendar address is unknown, or it has ended.\n"
        return HttpResponse(
            text, status=HTTPStatus.NOT_FOUND, content_type="text/plain; charset=utf-8"
        )
    found = shifts_of_feed(feed, now=now)
    people = people_named(people_in(shift for _, shift in found))
    body = write_calendar(
        [FeedShift(row.pk, row.name, shift) for row, shift in found],
        {pk: str(user) for pk, user in people.items()},
        title=str(feed.schedule or f"On call: {feed.made_by}"),
        now=now,
    )
    return HttpResponse(body, content_type="text/calendar; charset=utf-8")


def feed_url(secret: str) -> str:
    """Return the whole address of a feed."""
    return f"{settings.BASE_URL}{reverse('schedule-feed', args=[secret])}"
