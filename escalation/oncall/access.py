"""Find what a person may see of schedules, and say what they may do with it.

Members see the schedules of their organisations. Administrators change them; whoever
responds may take over a shift and swap with others, for nobody but themselves.
"""

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.http import Http404

from escalation.oncall.models import (
    FeedToken,
    ImportedCalendar,
    Override,
    Schedule,
    SwapRequest,
)
from incidents.errors import BadInput, NotAllowed
from incidents.models import Organisation, User
from incidents.organisations.roles import Action, can, organisations_allowing


def find_schedule(user: User, pk: int | str) -> Schedule:
    """Return a schedule in use. Raises Http404 when it is not visible."""
    rows = Schedule.objects.visible_to(user).in_use().select_related("organisation")
    schedule = rows.filter(pk=pk).first()
    if schedule is None:
        raise Http404
    return schedule


def find_in_organisation(organisation: Organisation, slug: str) -> Schedule:
    """Return the schedule that a body names. Raises BadInput."""
    rows = Schedule.objects.in_use().filter(organisation=organisation)
    schedule = rows.select_related("organisation").filter(slug=slug).first()
    if schedule is None:
        known = ", ".join(rows.order_by("slug").values_list("slug", flat=True))
        raise BadInput(
            "schedule", slug, f"Name one of {known or 'none there are yet'}."
        )
    return schedule


def visible_overrides(user: User) -> QuerySet[Override]:
    """Return the overrides of the schedules that the person sees."""
    rows = Override.objects.filter(schedule__in=_schedules(user))
    rows = rows.select_related(
        "schedule__organisation", "organisation", "replaces", "made_by"
    )
    return rows.prefetch_related("people")


def visible_swaps(user: User) -> QuerySet[SwapRequest]:
    """Return the requests in the schedules that the person sees."""
    rows = SwapRequest.objects.filter(schedule__in=_schedules(user))
    return rows.select_related(
        "schedule__organisation",
        "organisation",
        "asked_by",
        "asked_of",
        "answered_by",
    )


def visible_calendars(user: User) -> QuerySet[ImportedCalendar]:
    """Return the imported calendars of the schedules that the person sees."""
    rows = ImportedCalendar.objects.filter(schedule__in=_schedules(user))
    return rows.select_related("schedule__organisation", "organisation").defer("text")


def visible_feeds(user: User) -> QuerySet[FeedToken]:
    """Return the person's own feeds, and all of what they administer."""
    own = Q(made_by=user, organisation__in=Organisation.objects.of(user).values("pk"))
    administered = organisations_allowing(user, Action.CONFIGURE)
    rows = FeedToken.objects.filter(own | Q(organisation__in=administered))
    return rows.select_related("organisation", "schedule", "made_by")


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


def require_cancel(user: User, override: Override) -> None:
    """Raise NotAllowed unless the person made the override, or is administrator."""
    if can(user, Action.CONFIGURE, override.schedule.organisation):
        return
    require(user, override.schedule, Action.COVER)
    # A swap binds two people: neither ends it alone.
    if override.made_by_id != user.pk or override.swap_id is not None:
        raise NotAllowed("Only who made an override, or an administrator, ends it.")


def _schedules(user: User) -> QuerySet[Schedule]:
    return Schedule.objects.visible_to(user)
