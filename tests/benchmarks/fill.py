"""Open incidents with running paths without a web server, to have runs to wait for.

Run in a process of its own, with the environment of a running Tocsin. Reads
{"name", "count"} from standard input; `name` begins the alert names, by which routes
choose a policy.
"""

import json
import sys
from typing import Any

BATCH = 500


def run(orders: dict[str, Any]) -> dict[str, Any]:
    """Open the incidents and route them; returns how many entries were routed."""
    import django  # noqa: PLC0415  the environment comes first

    django.setup()
    from escalation.loop import route_new_events  # noqa: PLC0415  as above

    for first in range(0, orders["count"], BATCH):
        _open(orders["name"], first, min(first + BATCH, orders["count"]))
    return {"routed": route_new_events()}


def _open(name: str, first: int, end: int) -> None:
    from incidents.events.actor import Actor  # noqa: PLC0415  as above
    from incidents.incident.opening import (  # noqa: PLC0415  as above
        NewIncident,
        open_incidents,
    )
    from incidents.models import Organisation  # noqa: PLC0415  as above
    from incidents.timers.clock import read_now  # noqa: PLC0415  as above

    lab = Organisation.objects.get(slug="bench")
    news = [
        NewIncident(
            organisation_id=lab.pk,
            title=f"{name} {number}",
            category="A1",
            severity=3,
            labels={"alertname": f"{name}{number}"},
        )
        for number in range(first, end)
    ]
    actor = Actor.source(lab, name="benchmark")
    open_incidents(news, actors=[actor] * len(news), now=read_now())


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
