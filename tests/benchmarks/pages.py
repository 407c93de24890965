"""Queue pages at a steady pace, as the loop does it, and tell when each was committed.

Reads its orders as JSON from standard input; runs in a Tocsin's environment.
"""

import json
import sys
import time
from typing import Any

import django

django.setup()

from escalation.models import ContactMethod
from escalation.notifications.outbox import (
    NewNotification,
    queue_notifications,
)
from escalation.notifications.render import Message
from incidents.events.record import recording
from incidents.timers.clock import read_now


def run(orders: dict[str, Any]) -> dict[str, Any]:
    """Queue the slow receiver's pages at once, then the others one at a time."""
    method = ContactMethod.objects.get(slug="pager")
    if orders["slow"]:
        _queue(method, orders["slow"], orders["pending"])
    queued: dict[str, float] = {}
    began = time.monotonic()
    for number in range(orders["pages"]):
        time.sleep(max(0.0, began + number / orders["per_second"] - time.monotonic()))
        uids = _queue(method, orders["healthy"], 1)
        queued |= dict.fromkeys(uids, time.time())
    return {"queued": queued}


def _queue(method: ContactMethod, address: str, count: int) -> list[str]:
    now = read_now()
    pages = [
        NewNotification(
            dedup_key=f"bench:{time.monotonic_ns()}:{number}",
            organisation_id=method.organisation_id,
            purpose="page",
            channel="webhook",
            address=address,
            message=Message("Bench", "You are paged.", "", {"ref": "INC-1"}),
            method_id=method.pk,
        )
        for number in range(count)
    ]
    with recording(now):
        return [str(row.uid) for row in queue_notifications(pages, now=now)]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(json.load(sys.stdin))))
