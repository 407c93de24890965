"""Play the demo's case into an empty demo world, by what its people would have done.

One transaction: all of the past is there at once, or none of it. Nothing else may have
happened in the world yet, for the loop of the past would take it along.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from escalation.showcase import filing_scenes, incident_scenes, story
from escalation.showcase.case import Case
from escalation.showcase.cast import Cast, NotPlayable, find_cast
from escalation.showcase.passing import Hours, settle
from incidents.models import Incident

SCENES = (
    incident_scenes.take_on,
    incident_scenes.close,
    incident_scenes.assess,
    incident_scenes.dispute_awareness,
    incident_scenes.decide_and_confirm,
    filing_scenes.notify_board,
    filing_scenes.report_to_authorities,
)


def play_case(now: datetime) -> Incident | None:
    """Play the case so that it ends at `now`; None where it stands already.

    Raises NotPlayable outside the demo, and where anything else has happened.
    """
    if not settings.DEMO:
        raise NotPlayable("The case is played only in the demo (TOCSIN_DEMO=1).")
    cast = find_cast()
    known = Incident.objects.all()
    if known.filter(organisation=cast.lab, title=story.TITLE).exists():
        return None
    if known.exists():
        message = "Something has happened here already: the case needs a fresh demo."
        raise NotPlayable(message)
    with transaction.atomic():
        return _play(cast, now)


def _play(cast: Cast, now: datetime) -> Incident:
    # What loading the world has left to do is done while there is no incident to find.
    settle(now)
    start = (now - story.LENGTH).replace(second=0, microsecond=0)
    hours = Hours(start)
    incident = incident_scenes.report(cast, hours.now)
    case = Case(cast, incident, hours.now, hours)
    for scene in SCENES:
        scene(case)
    hours.pass_until(now)
    return incident
