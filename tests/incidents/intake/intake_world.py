import json
from datetime import UTC, datetime, timedelta

from incidents.events.actor import Actor
from incidents.intake.process import process_batch
from incidents.intake.receive import store_deliveries
from incidents.intake.sources import SourceOptions, create_source
from incidents.models import Organisation

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def at(minutes):
    return NOW + timedelta(minutes=minutes)


def generic(title="Disk full", *, status="firing", minutes=0, **more):
    """Return a generic body whose state changed `minutes` after NOW."""
    name = "started_at" if status == "firing" else "ended_at"
    body = {"title": title, "dedup_key": title, "status": status}
    return json.dumps({**body, name: at(minutes).isoformat(), **more}).encode()


def make_organisation(slug="aurora"):
    return Organisation.objects.create(slug=slug, name=slug.title(), kind="lab")


def make_source(organisation, *, tool="generic", slug="tool", **options):
    source, _ = create_source(
        organisation,
        tool=tool,
        slug=slug,
        name=f"The {slug}",
        actor=Actor.system(organisation),
        now=NOW,
        options=SourceOptions(**options),
    )
    return source


def process_all(now=NOW):
    """Process until nothing waits; returns how many deliveries each batch had."""
    counts = []
    while count := process_batch(now):
        counts.append(count)
    return counts


def post(source, *bodies, now=NOW):
    """Store the bodies, each processed by itself, in the order given."""
    deliveries = []
    for body in bodies:
        deliveries += store_deliveries(source, [body])
        process_all(now)
    for delivery in deliveries:
        delivery.refresh_from_db()
    return deliveries
