"""Schedules: rotations in layers, imported calendars, overrides, swaps and feeds."""

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from incidents.models import Organisation, OrganisationKind, User


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    """Look-ups of schedules."""

    def visible_to(self, user: User) -> "ScheduleQuerySet":
        """Return those of the organisations in which the person has a role."""
        own = Organisation.objects.of(user).exclude(kind=OrganisationKind.PLATFORM)
        return self.filter(organisation__in=own.values("pk"))

    def in_use(self) -> "ScheduleQuerySet":
        """Return those that are not archived."""
        return self.filter(archived_at=None)


class Schedule(models.Model):
    """Who of one organisation is on call; `loading.py` reads it into a plan."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="schedules"
    )
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=200)
    zone = models.CharField(max_length=60, help_text="of the IANA database")
    fallback = models.ForeignKey(
        "incidents.User",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="on call where nobody else is",
    )
    archived_at = models.DateTimeField(null=True)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_schedule"
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "slug"], name="schedule_organisation_slug"
            )
        ]

    def __str__(self) -> str:
        return self.name


class TurnUnit(models.TextChoices):
    """In what the length of a turn is given."""

    HOUR = "hour", "hours"
    DAY = "day", "days"
    WEEK = "week", "weeks"


class Rotation(models.Model):
    """One layer of a schedule: groups of people who take turns."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    schedule = models.ForeignKey(
        Schedule, on_delete=models.CASCADE, related_name="rotations"
    )
    position = models.SmallIntegerField(help_text="a later layer wins")
    name = models.CharField(max_length=100)
    unit = models.CharField(max_length=10, choices=TurnUnit)
    every = models.SmallIntegerField(help_text="units in a turn")
    starts_on = models.DateField()
    handoff_at = models.TimeField(help_text="local time at which turns change")
    ends_on = models.DateField(null=True, help_text="nothing from the hand-off on")
    weekdays = ArrayField(models.SmallIntegerField(), help_text="0 is Monday")
    active_from = models.TimeField(null=True)
    active_until = models.TimeField(null=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_rotation"
        ordering: ClassVar = ["schedule", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["schedule", "position"], name="rotation_position_once"
            ),
            models.CheckConstraint(
                condition=models.Q(every__gte=1), name="rotation_every_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(active_from=None, active_until=None)
                | models.Q(active_from__isnull=False, active_until__isnull=False),
                name="rotation_active_both",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Participant(models.Model):
    """One person in one turn of a rotation; those of the same turn are on call together."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    rotation = models.ForeignKey(
        Rotation, on_delete=models.CASCADE, related_name="participants"
    )
    turn = models.SmallIntegerField()
    user = models.ForeignKey(
        "incidents.User", on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_rotation_participant"
        ordering: ClassVar = ["rotation", "turn", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rotation", "turn", "user"], name="participant_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} in turn {self.turn}"


class OverrideMode(models.TextChoices):
    """What an override does with who would be on call without it."""

    WHOLE = "whole", "instead of everybody"
    REPLACE = "replace", "instead of one person"
    FILL = "fill", "only where nobody is on call"


class Override(models.Model):
    """Other people for a while. It is taken back, never deleted."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    schedule = models.ForeignKey(
        Schedule, on_delete=models.PROTECT, related_name="overrides"
    )
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    mode = models.CharField(max_length=10, choices=OverrideMode)
    replaces = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    people = models.ManyToManyField(
        "incidents.User", related_name="+", db_table="tocsin_override_person"
    )
    reason = models.CharField(max_length=300, blank=True)
    swap = models.ForeignKey(
        "escalation.SwapRequest",
        null=True,
        on_delete=models.PROTECT,
        related_name="overrides",
    )
    made_by = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField(db_default=Now())
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_override"
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            # Serves the loading of a plan: those that are not over.
            models.Index(
                fields=["schedule", "end_at"],
                condition=models.Q(cancelled_at=None),
                name="override_open",
            )
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(end_at__gt=models.F("start_at")),
                name="override_ends_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(mode="replace", replaces__isnull=False)
                | (~models.Q(mode="replace") & models.Q(replaces=None)),
                name="override_replaces_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule} from {self.start_at:%Y-%m-%d %H:%M}"


class SwapState(models.TextChoices):
    """Where a request to swap stands."""

    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


class SwapRequest(models.Model):
    """Somebody asks to be relieved for a while, perhaps for a time in return.

    Accepted, it is one override for each of the two times.
    """

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    schedule = models.ForeignKey(
        Schedule, on_delete=models.PROTECT, related_name="swaps"
    )
    asked_by = models.ForeignKey(
        "incidents.User", on_delete=models.PROTECT, related_name="+"
    )
    asked_of = models.ForeignKey(
        "incidents.User",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="empty: whoever can",
    )
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    return_start_at = models.DateTimeField(null=True)
    return_end_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=SwapState, default=SwapState.OPEN)
    asked_at = models.DateTimeField(db_default=Now())
    answered_by = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_swap_request"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(end_at__gt=models.F("start_at")),
                name="swap_ends_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(return_start_at=None, return_end_at=None)
                | models.Q(return_end_at__gt=models.F("return_start_at")),
                name="swap_return_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asked_by} asks from {self.start_at:%Y-%m-%d %H:%M}"


class ImportedCalendar(models.Model):
    """A layer that comes from an iCalendar file, or is fetched from an address."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    schedule = models.ForeignKey(
        Schedule, on_delete=models.CASCADE, related_name="calendars"
    )
    name = models.CharField(max_length=100)
    url_sealed = models.BinaryField(
        null=True, help_text="its address, encrypted: who has it reads the calendar"
    )
    host = models.CharField(max_length=255, blank=True, help_text="of the address")
    text = models.TextField(blank=True, help_text="the last good copy")
    fetched_at = models.DateTimeField(null=True, help_text="when the copy was taken")
    tried_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    unmatched = models.JSONField(
        default=list, help_text="what names nobody of the organisation"
    )
    due_at = models.DateTimeField(
        db_default=Now(), help_text="when it is to be read the next time"
    )

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_imported_calendar"
        ordering: ClassVar = ["schedule", "id"]
        indexes: ClassVar = [
            # Serves the reading: what is due, the longest overdue first.
            models.Index(fields=["due_at", "id"], name="imported_calendar_due")
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["schedule", "name"], name="imported_calendar_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ImportedShift(models.Model):
    """One person in one event of an imported calendar; made anew at each reading."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    calendar = models.ForeignKey(
        ImportedCalendar, on_delete=models.CASCADE, related_name="shifts"
    )
    user = models.ForeignKey(
        "incidents.User", on_delete=models.PROTECT, related_name="+"
    )
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_imported_shift"
        ordering: ClassVar = ["calendar", "start_at", "id"]

    def __str__(self) -> str:
        return f"{self.user} from {self.start_at:%Y-%m-%d %H:%M}"


class FeedToken(models.Model):
    """A secret address under which one schedule, or one person's shifts, can be read."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    schedule = models.ForeignKey(
        Schedule,
        null=True,
        on_delete=models.CASCADE,
        related_name="feeds",
        help_text="empty: the shifts of who made it, in every schedule",
    )
    made_by = models.ForeignKey(
        "incidents.User", on_delete=models.PROTECT, related_name="+"
    )
    prefix = models.CharField(max_length=12, help_text="shown, so that one can tell it")
    digest = models.BinaryField(unique=True, help_text="sha256 of the whole token")
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_schedule_feed"
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def is_valid(self, now: datetime) -> bool:
        """Whether the address can be read at `now`."""
        return self.revoked_at is None and now < self.expires_at
