"""Looks at the committed rows after every commit, and says what may never be seen.

The superuser's connection sees what is committed and nothing else. Since actors move
one at a time, each difference between two looks is the work of one commit.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.simulation.channel import Sent
from tests.simulation.model import Given, is_met
from tests.simulation.worlds import World

_LEASE_SECONDS = 60
# A lease that was not shifted because its row was locked lasts this much longer or less.
_SLACK_SECONDS = 6

_LOOK = """
SELECT json_build_object(
  'incidents', (SELECT coalesce(json_object_agg(id, status), '{}') FROM tocsin_incident
                WHERE organisation_id = %(lab)s),
  'shares', (SELECT coalesce(json_agg(json_build_array(incident_id, agency_id)), '[]')
             FROM tocsin_share
             WHERE agency_id = ANY(%(ids)s) AND unshared_at IS NULL),
  'stirred', (SELECT coalesce(json_agg(incident_id), '[]') FROM (
                SELECT incident_id FROM tocsin_timer
                 WHERE organisation_id = ANY(%(ids)s)
                   AND kind = ANY('{incident.changed,routing.again}')
                UNION SELECT incident_id FROM tocsin_pending
                 WHERE organisation_id = ANY(%(ids)s) AND consumer = 'router') AS s),
  'acks', (SELECT coalesce(json_object_agg(a.id, json_build_array(
               a.incident_id, a.organisation_id, a.ended_at IS NULL,
               coalesce(a.user_id, a.link_user_id))), '{}')
           FROM tocsin_acknowledgement a WHERE a.organisation_id = ANY(%(ids)s)),
  'runs', (SELECT coalesce(json_object_agg(r.id, json_build_array(
               r.state, r.incident_id, r.organisation_id, v.body -> 'acknowledgement',
               r.continues_id,
               EXISTS (SELECT 1 FROM tocsin_timer t
                        WHERE t.subject_id = r.id AND t.kind = 'run.step'
                          AND (t.payload ->> 'step')::int = r.step_index
                          AND (t.payload ->> 'round')::int = r.round),
               EXISTS (SELECT 1 FROM tocsin_timer t
                        WHERE t.subject_id = r.id AND t.kind = 'run.snooze_ends'))), '{}')
           FROM tocsin_run r JOIN tocsin_policy_version v ON v.id = r.version_id
           WHERE r.organisation_id = ANY(%(ids)s)),
  'messages', (SELECT coalesce(json_object_agg(uid, json_build_array(
               status, attempts, purpose, incident_id, organisation_id, run_id,
               recipient_user_id, dedup_key)), '{}')
               FROM tocsin_notification WHERE organisation_id = ANY(%(ids)s)),
  'pushed', (SELECT coalesce(json_agg(json_build_array(id, kind, last_error)), '[]')
             FROM tocsin_timer
             WHERE organisation_id = ANY(%(ids)s) AND attempts > 0)
)
"""

_ENDS = {"exhausted", "jumped", "stopped"}
_RUN_MOVES = {
    # One that continues a snoozed run is snoozed.
    "": {"active", "acknowledged", "snoozed", *_ENDS},
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
    """From which commit to which one an acknowledgement stood, and whose it was."""

    place: Place
    start: int
    person: int | None = None
    end: int | None = None

    def spans(self, began: int, tick: int) -> bool:
        """Tell whether it stood before a try began and still when it went out."""
        return self.start < began and (self.end is None or tick < self.end)


@dataclass
class Watch:
    """What was seen so far, and what was wrong with it."""

    connection: Callable[[], psycopg.Connection]
    world: World
    seen: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    acks: dict[str, Interval] = field(default_factory=dict)
    closed: dict[str, list[tuple[int, int | None]]] = field(default_factory=dict)
    # Which runs a message belonged to: a hand-over takes it along.
    owners: dict[str, list[int]] = field(default_factory=dict)
    snoozed: dict[str, list[Interval]] = field(default_factory=dict)
    # Until which commit there was a reason to cancel a message.
    excused: dict[str, int | None] = field(default_factory=dict)
    tries: list[Try] = field(default_factory=list)
    claimed_at: dict[str, float] = field(default_factory=dict)
    may_push_back: bool = False

    def look(self, tick: int, elapsed: float, began: int) -> None:
        """Compare the rows with those of the last look; `began` is the actor's tick."""
        ids = self.world.organisation_ids
        values = {"ids": ids, "lab": self.world.lab.pk}
        row = self.connection().execute(_LOOK, values).fetchone()
        assert row is not None
        now, before = (
            row[0],
            self.seen or {"incidents": {}, "acks": {}, "runs": {}, "messages": {}},
        )
        self.seen = now
        self._incidents(before["incidents"], now["incidents"], tick)
        self._acks(before["acks"], now["acks"], tick)
        self._runs(before["runs"], now["runs"], tick)
        self._messages(before["messages"], now, elapsed)
        self._cancelled(before["messages"], tick, began)
        self._pushed(now["pushed"])

    def standing(self, incident: int) -> set[Given]:
        """Return whose acknowledgements of an incident stand now."""
        found = (i for i in self.acks.values() if i.end is None)
        return {(i.place[1], i.person) for i in found if i.place[0] == incident}

    def check_tries(self) -> None:
        """Say which pages went out that were begun under an acknowledgement."""
        for each in self.tries:
            if each.sent.purpose not in STOPPED_BY_ACKNOWLEDGEMENT:
                continue
            message = self.seen["messages"].get(str(each.sent.uid))
            if message is None:
                self.wrong.append(f"{each.sent.uid} was sent and is in no outbox")
                continue
            went = f"{each.sent.uid} went out at {each.tick}, begun at {each.began}"
            self._check_acknowledged(each, message, went)
            for start, end in self.closed.get(str(message[3]), []):
                if start < each.began and (end is None or each.tick < end):
                    self.wrong.append(f"{went}, its incident closed {start} to {end}")
            owners = self.owners.get(str(each.sent.uid), [])
            if owners and all(self._slept(run, each) for run in owners):
                self.wrong.append(f"{went}, its run was snoozed")

    def _check_acknowledged(self, each: Try, message: list, went: str) -> None:
        given = {
            (i.place[1], i.person)
            for i in self.acks.values()
            if i.place[0] == message[3] and i.spans(each.began, each.tick)
        }
        owners = self.owners.get(str(each.sent.uid), [])
        if owners and all(self._stops(run, message, given) for run in owners):
            self.wrong.append(f"{went}, acknowledged by {sorted(given)}")

    def _slept(self, run: int, each: Try) -> bool:
        spans = self.snoozed.get(str(run), [])
        return any(span.spans(each.began, each.tick) for span in spans)

    def _stops(self, run: int, message: list, given: set[Given]) -> bool:
        """Whether acknowledgements make a message of a run pointless to its reader."""
        reader = (message[4], message[6])
        return self._meets(run, given) or (message[6] is not None and reader in given)

    def _meets(self, run: int, given: set[Given]) -> bool:
        row = self.seen["runs"][str(run)]
        return is_met(self.world, row[3], row[2], given)

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
        for pk, (incident, organisation, stands, person) in now.items():
            if pk not in self.acks:
                self.acks[pk] = Interval((incident, organisation), tick, person)
                self.notes.append(
                    f"acknowledgement {pk} of {incident} by {person} of {organisation}"
                )
            if not stands and self.acks[pk].end is None:
                self.acks[pk].end = tick
                self.notes.append(f"acknowledgement {pk} ended")
            if stands and pk in before and not before[pk][2]:
                self.wrong.append(f"acknowledgement {pk} came back")

    def _runs(self, before: dict, now: dict, tick: int) -> None:
        for pk, row in now.items():
            state, old = row[0], before.get(pk, [""])[0]
            self._waits_for_something(pk, row)
            if old == state:
                continue
            self.notes.append(f"run {pk} {old or 'new'} → {state}")
            if state not in _RUN_MOVES[old]:
                self.wrong.append(f"run {pk} went from {old or 'nothing'} to {state}")
            self._snoozes(pk, row, old, tick)
            # One that was handed over to another rule asks it at its next step.
            is_handed = not old and row[4] is not None
            is_held = self._meets(int(pk), self.standing(row[1]))
            if state == "active" and is_held and not is_handed:
                self.wrong.append(f"run {pk} is active under an acknowledgement")
        for pk in before:
            if pk not in now:
                self.wrong.append(f"run {pk} vanished")

    def _snoozes(self, pk: str, row: list, old: str, tick: int) -> None:
        spans = self.snoozed.setdefault(pk, [])
        if row[0] == "snoozed":
            spans.append(Interval((row[1], row[2]), tick))
            if not old and row[4] is None:
                self.wrong.append(f"run {pk} began snoozed")
        elif old == "snoozed":
            spans[-1].end = tick

    def _waits_for_something(self, pk: str, row: list) -> None:
        """Say of a live run that nothing will ever take up again."""
        state, incident, organisation, rule, former, has_step, wakes = row
        if state == "active" and not has_step:
            self.wrong.append(f"run {pk} is active and has no timer of its step")
        if state == "snoozed" and not wakes:
            self.wrong.append(f"run {pk} is snoozed and nothing wakes it")
        if state != "acknowledged" or incident in self.seen["stirred"]:
            return
        given = self.standing(incident)
        # It stays paused under another rule, and when only another side's word ended.
        is_lenient = former is not None or "organisation" in str(rule)
        is_own = any(side == organisation for side, _ in given)
        if not self._meets(int(pk), given) and not (is_lenient and is_own):
            self.wrong.append(f"run {pk} is paused, acknowledged by {sorted(given)}")

    def _messages(self, before: dict, seen: dict, elapsed: float) -> None:
        for uid, row in seen["messages"].items():
            old = before.get(uid, ["", 0])
            if row[5] is not None and row[5] not in self.owners.setdefault(uid, []):
                self.owners[uid].append(row[5])
            if old[:2] == row[:2]:
                continue
            self.notes.append(f"{row[2]} {uid[:8]} {old[0] or 'new'} → {row[0]}")
            if uid not in before and row[2] in STOPPED_BY_ACKNOWLEDGEMENT:
                self._new_page(uid, row, seen)
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

    def _new_page(self, uid: str, row: list, seen: dict) -> None:
        if row[5] is not None and self._stops(row[5], row, self.standing(row[3])):
            self.wrong.append(f"page {uid} was queued under an acknowledgement")
        if seen["incidents"].get(str(row[3])) in ("resolved", "merged"):
            self.wrong.append(f"page {uid} was queued for a closed incident")

    def _cancelled(self, before: dict, tick: int, began: int) -> None:
        """Say which pages were cancelled though nothing spoke against them."""
        for uid, row in self.seen["messages"].items():
            if row[2] not in STOPPED_BY_ACKNOWLEDGEMENT or row[5] is None:
                continue
            if before.get(uid, [""])[0] == "cancelled":
                continue
            if self._has_excuse(row):
                self.excused[uid] = None
                continue
            if self.excused.get(uid, 0) is None:
                self.excused[uid] = tick
            if row[0] == "cancelled" and (self.excused.get(uid) or 0) < began:
                self.wrong.append(f"page {uid} was cancelled for no reason")

    def _has_excuse(self, row: list) -> bool:
        run, runs = self.seen["runs"][str(row[5])], self.seen["runs"]
        is_hidden = row[4] != self.world.lab.pk and (
            [row[3], row[4]] not in self.seen["shares"]
        )
        is_closed = self.seen["incidents"].get(str(row[3])) in ("resolved", "merged")
        is_silent = run[0] in ("acknowledged", "snoozed", "stopped")
        if run[0] == "stopped" and any(one[4] == row[5] for one in runs.values()):
            # A step may be gone in the new version; whoever was given it is not.
            is_silent = ":given:" not in row[7]
        stops = self._stops(row[5], row, self.standing(row[3]))
        return is_hidden or is_closed or is_silent or stops

    def _leased(self, uid: str, *, is_again: bool, elapsed: float) -> None:
        since = elapsed - self.claimed_at.get(uid, -(10.0**6))
        if is_again and since < _LEASE_SECONDS - _SLACK_SECONDS:
            self.wrong.append(f"{uid} was leased again {since:.1f} s after its lease")
        self.claimed_at[uid] = elapsed

    def _pushed(self, rows: list) -> None:
        for pk, kind, error in rows:
            if kind != "simulation.poison" and not self.may_push_back:
                self.wrong.append(f"timer {pk} of {kind} was pushed back: {error}")
