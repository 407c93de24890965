"""Have the generic source ask for a signature.

Run in a process of its own, with the environment of a running Tocsin. Reads {"secret"}.
"""

import json
import sys
from typing import Any


def run(orders: dict[str, Any]) -> dict[str, Any]:
    """Change what the source asks its senders for."""
    import django  # noqa: PLC0415  the environment comes first

    django.setup()
    from incidents.events.actor import Actor  # noqa: PLC0415  as above
    from incidents.intake.trust import change_trust  # noqa: PLC0415  as above
    from incidents.models import Source  # noqa: PLC0415  as above
    from incidents.timers.clock import read_now  # noqa: PLC0415  as above

    source = Source.objects.get(slug="generic")
    changes = {"verification": "hmac_github", "secret": orders["secret"]}
    actor = Actor.system(source.organisation)
    change_trust(source, changes=changes, actor=actor, now=read_now())
    return {}


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
