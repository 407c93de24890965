"""Find the schedule that a person may see, and say what they may do with it.

Members see the schedules of their organisations. Administrators change them; whoever
responds may take over a shift and swap with others, for nobody but themselves.
"""

from collections.abc import Iterable

from django.http import Http404

from escalation.oncall.models import Schedule
from incidents.errors import BadInput, NotAllowed
from incidents.models import User
from incidents.organisations.roles import Action, can


def find_schedule(user: User, pk: int | str) -> Schedule:
    """Return a schedule in use. Raises Http404 when it is not visible."""
    rows = Schedule.objects.visible_to(user).in_use().select_related("organisation")
    schedule = rows.filter(pk=pk).first()
    if schedule is None:
        raise Http404
    return schedule


def named_schedule(user: User, slug: str, *, organisation: str = "") -> Schedule:
    """Return the schedule that a body names. Raises BadInput."""
    rows = Schedule.objects.visible_to(user).in_use().select_related("organisation")
    if organisation:
        rows = rows.filter(organisation__slug=organisation)
    found = list(rows.filter(slug=slug)[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise BadInput("organisation", organisation, "Several of yours have this one.")
    known = ", ".join(rows.order_by("slug").values_list("slug", flat=True))
    raise BadInput("schedule", slug, f"Name one of {known or 'none there are yet'}.")


def require(user: User, schedule: Schedule, action: Action) -> None:
    """Raise NotAllowed unless one of the person's roles allows it."""
    if not can(user, action, schedule.organisation):
        raise NotAllowed(f"None of your roles lets you {action.label}.")


def require_cover(user: User, schedule: Schedule, people: Iterable[User]) -> None:
    """Raise NotAllowed unless the person may put these people on call."""
    if can(user, Action.CONFIGURE, schedule.organisation):
        return
    require(user, schedule, Action.COVER)
    if any(person.pk != user.pk for person in people):
        message = "You may put yourself on call; for others ask for a swap."
        raise NotAllowed(message)
