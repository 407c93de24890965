"""Say what the incident of a new group starts with."""

from collections.abc import Sequence
from typing import Final

from incidents.incident.opening import NewIncident
from incidents.intake.handling import severity_of
from incidents.intake.models import Source
from incidents.intake.news import FIRING, AlertChange, GroupKey, News, shared_labels
from incidents.intake.overflow import description_of, shared_home, title_of

MAX_TITLE: Final = 300


def incident_of(
    key: GroupKey, changes: Sequence[AlertChange], *, source: Source
) -> NewIncident:
    """Return the incident of a group, told by the worst of its alerts that fired."""
    # A group whose alerts all cleared within the batch is told by those.
    news = [step.news for change in changes for step in change.steps]
    fired = [item for item in news if item.alert.status == FIRING]
    worst = max(fired, key=lambda item: severity_in(item, source))
    began = (item.alert.started_at or item.event_at for item in fired)
    is_shared = key == shared_home(key)
    title = title_of(source) if is_shared else _title(worst, changes)
    return NewIncident(
        organisation_id=source.organisation_id,
        title=title[:MAX_TITLE],
        description=description_of(source) if is_shared else worst.alert.summary,
        category=source.default_category,
        severity=severity_in(worst, source),
        tlp=source.default_tlp,
        detected_at=min(*began, *(item.received_at for item in fired)),
        source_id=source.pk,
        group_key=key[1],
        labels=shared_labels(item.alert.labels for item in fired),
    )


def severity_in(news: News, source: Source) -> int:
    """Return our level for an alert of the source."""
    return severity_of(
        news.alert, table=source.severity_map, default=source.default_severity
    )


def _title(worst: News, changes: Sequence[AlertChange]) -> str:
    title = worst.alert.group_title if len(changes) > 1 else worst.alert.title
    return title or worst.alert.title
