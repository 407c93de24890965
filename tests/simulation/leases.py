"""Has leases end by the schedule's time, although they run by the server's clock.

A lease is set anew at each step of time: far off while the schedule says that it holds,
and over as soon as it does not. How long the machine takes for a move decides nothing.
"""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from escalation.notifications.claim import LEASE

# Longer than the machine takes between two steps of time.
_FAR_SECONDS: Final = 600.0
# What a sum of instants in microseconds may be off.
_ROUNDING_SECONDS: Final = 0.001

_HELD: Final = """
SELECT DISTINCT lease_token FROM tocsin_notification
 WHERE organisation_id = ANY(%s) AND lease_until IS NOT NULL
"""
_SET: Final = """
UPDATE tocsin_notification AS n
   SET lease_until = clock_timestamp() + make_interval(secs => s.seconds)
  FROM unnest(%s::uuid[], %s::float8[]) AS s (token, seconds)
 WHERE n.lease_token = s.token AND n.id IN (
    SELECT id FROM tocsin_notification
     WHERE organisation_id = ANY(%s) AND lease_until IS NOT NULL
       FOR UPDATE SKIP LOCKED)
"""


@dataclass
class Leases:
    """When each lease ends, in seconds of the schedule."""

    organisation_ids: list[int]
    ends: dict[UUID, float] = field(default_factory=dict)

    def pass_time(self, server: Any, *, before: float, after: float) -> None:
        """Bring the leases along from one instant to the next.

        One that is new was taken since the last step, which is at `before`.
        """
        held = [token for (token,) in server.execute(_HELD, (self.organisation_ids,))]
        self.ends = {
            token: self.ends.get(token, before + LEASE.total_seconds())
            for token in held
        }
        seconds = [
            _FAR_SECONDS if end - after > _ROUNDING_SECONDS else -1.0
            for end in self.ends.values()
        ]
        server.execute(_SET, (list(self.ends), seconds, self.organisation_ids))

    def left(self, now: float) -> dict[str, Any]:
        """Return what a query needs to know how long each lease lasts from now on."""
        return {
            "tokens": list(self.ends),
            "left": [end - now for end in self.ends.values()],
            "lease": LEASE.total_seconds(),
        }
