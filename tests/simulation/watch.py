"""Looks at the committed rows after every commit, and says what may never be seen.

The superuser's connection sees what is committed and nothing else. Since actors move
one at a time, each difference between two looks is the work of one commit.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.simulation.channel import Sent

_LEASE_SECONDS = 60
# A lease that was not shifted because its row was locked lasts this much longer or less.
_SLACK_SECONDS = 6

_LOOK = """
SELECT json_build_object(
  'incidents', (SELECT coalesce(json_object_agg(id, status), '{}') FROM tocsin_incident
                WHERE organisation_id = %(lab)s),
  'acks', (SELECT coalesce(json_object_agg(a.id, json_build_array(
               a.incident_id, a.organisation_id, a.ended_at IS NULL)), '{}')
           FROM tocsin_acknowledgement a WHERE a.organisation_id = ANY(%(ids)s)),
  'runs', (SELECT coalesce(json_object_agg(id, json_build_array(
               state, incident_id, organisation_id)), '{}')
           FROM tocsin_run WHERE organisation_id = ANY(%(ids)s)),
  'messages', (SELECT coalesce(json_object_agg(uid, json_build_array(
               status, attempts, purpose, incident_id, organisation_id)), '{}')
               FROM tocsin_notification WHERE organisation_id = ANY(%(ids)s)),
  'pushed', (SELECT coalesce(json_agg(json_build_array(id, kind, last_error)), '[]')
             FROM tocsin_timer
             WHERE organisation_id = ANY(%(ids)s) AND attempts > 0)
)
"""

_ENDS = {"exhausted", "jumped", "stopped"}
_RUN_MOVES = {
    "": {"active", "acknowledged", *_ENDS},
    "active": {"acknowledged", "snoozed", *_ENDS},
    # Taken up again and led to its end in one transaction.
    "acknowledged": {"active", "snoozed", *_ENDS},
    "snoozed": {"active", "acknowledged", *_ENDS},
    # A breached clock may send it on.
    "exhausted": {"active", "acknowledged", *_ENDS},
    "jumped": set(),
    "stopped": set(),
}
_MESSAGE_MOVES = {
    "": {"queued"},
    "queued": {"sending", "cancelled", "failed", "merged"},
    "sending": {"sent", "queued", "unknown", "failed", "cancelled"},
    "unknown": {"sending", "failed", "cancelled"},
    "sent": set(),
    "failed": set(),
    "cancelled": set(),
    "merged": set(),
}
STOPPED_BY_ACKNOWLEDGEMENT = {"page", "fallback"}

Place = tuple[int, int]  # incident, organisation


@dataclass(frozen=True)
class Try:
    """One try to send, and between which ticks it was begun."""

    sent: Sent
    tick: int
    began: int


@dataclass
class Interval:
    """From which commit to which one an acknowledgement stood."""

    place: Place
    start: int
    end: int | None = None


@dataclass
class Watch:
    """What was seen so far, and what was wrong with it."""

    connection: Callable[[], psycopg.Connection]
    organisation_ids: list[int]
    lab_id: int
    seen: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    acks: dict[str, Interval] = field(default_factory=dict)
    closed: dict[str, list[tuple[int, int | None]]] = field(default_factory=dict)
    tries: list[Try] = field(default_factory=list)
    claimed_at: dict[str, float] = field(default_factory=dict)
    may_push_back: bool = False

    def look(self, tick: int, elapsed: float) -> None:
        """Compare the rows with those of the last look."""
        values = {"ids": self.organisation_ids, "lab": self.lab_id}
        row = self.connection().execute(_LOOK, values).fetchone()
        assert row is not None
        now, before = (
            row[0],
            self.seen or {"incidents": {}, "acks": {}, "runs": {}, "messages": {}},
        )
        self._incidents(before["incidents"], now["incidents"], tick)
        self._acks(before["acks"], now["acks"], tick)
        self._runs(before["runs"], now["runs"])
        self._messages(before["messages"], now, elapsed)
        self._pushed(now["pushed"])
        self.seen = now

    def standing(self) -> set[Place]:
        """Return where an acknowledgement stands now."""
        return {i.place for i in self.acks.values() if i.end is None}

    def check_tries(self) -> None:
        """Say which pages went out that were begun under an acknowledgement."""
        for each in self.tries:
            if each.sent.purpose not in STOPPED_BY_ACKNOWLEDGEMENT:
                continue
            message = self.seen["messages"].get(str(each.sent.uid))
            if message is None:
                self.wrong.append(f"{each.sent.uid} was sent and is in no outbox")
                continue
            place = (message[3], message[4])
            for ack in self.acks.values():
                ended = ack.end if ack.end is not None else each.tick + 1
                if ack.place == place and ack.start < each.began and each.tick < ended:
                    self.wrong.append(
                        f"{each.sent.uid} went out at {each.tick}, begun at {each.began}, "
                        f"acknowledged from {ack.start} to {ack.end}"
                    )
            for start, end in self.closed.get(str(message[3]), []):
                if start < each.began and (end is None or each.tick < end):
                    self.wrong.append(
                        f"{each.sent.uid} went out at {each.tick}, begun at {each.began}, "
                        f"its incident closed from {start} to {end}"
                    )

    def _incidents(self, before: dict, now: dict, tick: int) -> None:
        for pk, status in now.items():
            is_closed = status in ("resolved", "merged")
            spans = self.closed.setdefault(pk, [])
            was_closed = bool(spans) and spans[-1][1] is None
            if is_closed and not was_closed:
                spans.append((tick, None))
            if was_closed and not is_closed:
                spans[-1] = (spans[-1][0], tick)
            if before.get(pk) != status:
                self.notes.append(f"incident {pk} {status}")

    def _acks(self, before: dict, now: dict, tick: int) -> None:
        for pk, (incident, organisation, stands) in now.items():
            if pk not in self.acks:
                self.acks[pk] = Interval((incident, organisation), tick)
                self.notes.append(
                    f"acknowledgement {pk} of {incident} by {organisation}"
                )
            if not stands and self.acks[pk].end is None:
                self.acks[pk].end = tick
                self.notes.append(f"acknowledgement {pk} ended")
            if stands and pk in before and not before[pk][2]:
                self.wrong.append(f"acknowledgement {pk} came back")

    def _runs(self, before: dict, now: dict) -> None:
        for pk, (state, incident, organisation) in now.items():
            old = before.get(pk, [""])[0]
            if old == state:
                continue
            self.notes.append(f"run {pk} {old or 'new'} → {state}")
            if state not in _RUN_MOVES[old]:
                self.wrong.append(f"run {pk} went from {old or 'nothing'} to {state}")
            if state == "active" and (incident, organisation) in self.standing():
                self.wrong.append(f"run {pk} is active under an acknowledgement")
        for pk in before:
            if pk not in now:
                self.wrong.append(f"run {pk} vanished")

    def _messages(self, before: dict, seen: dict, elapsed: float) -> None:
        standing = self.standing()
        for uid, row in seen["messages"].items():
            old = before.get(uid, ["", 0])
            if old[:2] == row[:2]:
                continue
            self.notes.append(f"{row[2]} {uid[:8]} {old[0] or 'new'} → {row[0]}")
            if uid not in before and row[2] in STOPPED_BY_ACKNOWLEDGEMENT:
                self._new_page(uid, (row[3], row[4]), standing, seen)
            self._moved(uid, old, row, elapsed)
        for uid in before:
            if uid not in seen["messages"]:
                self.wrong.append(f"message {uid} vanished")

    def _moved(self, uid: str, old: list, row: list, elapsed: float) -> None:
        """Judge a change of a message's status and count of attempts."""
        is_again = old[0] == row[0] == "sending"
        if not is_again and row[0] not in _MESSAGE_MOVES[old[0]]:
            self.wrong.append(f"{uid} went from {old[0] or 'nothing'} to {row[0]}")
        if row[1] > old[1]:
            if row[1] != old[1] + 1:
                self.wrong.append(f"{uid} counts {old[1]} and then {row[1]}")
            self._leased(uid, is_again=is_again, elapsed=elapsed)

    def _new_page(
        self, uid: str, place: Place, standing: set[Place], seen: dict
    ) -> None:
        if place in standing:
            self.wrong.append(f"page {uid} was queued under an acknowledgement")
        if seen["incidents"].get(str(place[0])) in ("resolved", "merged"):
            self.wrong.append(f"page {uid} was queued for a closed incident")

    def _leased(self, uid: str, *, is_again: bool, elapsed: float) -> None:
        # The lease's own clock went on while the machine was slow.
        since = elapsed + time.monotonic() - self.claimed_at.get(uid, -(10.0**6))
        if is_again and since < _LEASE_SECONDS - _SLACK_SECONDS:
            self.wrong.append(f"{uid} was leased again {since:.1f} s after its lease")
        self.claimed_at[uid] = elapsed + time.monotonic()

    def _pushed(self, rows: list) -> None:
        for pk, kind, error in rows:
            if kind != "simulation.poison" and not self.may_push_back:
                self.wrong.append(f"timer {pk} of {kind} was pushed back: {error}")
