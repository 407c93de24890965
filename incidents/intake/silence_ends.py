"""Notice that a silence ends while it still holds something back.

Two timers wait for each end: one a while before it, one at it. Whoever registers for
them tells the author. A timer of an end that was moved since says nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.intake.heartbeats.models import Heartbeat
from incidents.intake.heartbeats.watching import due_at
from incidents.intake.silence_models import (
    NoticeStage,
    Silence,
    SilenceNotice,
    Suppression,
)
from incidents.intake.suppressors import LETTING_GO, code_of
from incidents.ledger.canonical import format_at
from incidents.timers.models import Timer
from incidents.timers.schedule import NewTimer, add_timers

ENDING: Final = "silence.ending"
# Of a short silence the last quarter counts as the time before its end.
_LAST_PART: Final = 4

# Before the end what it holds counts. At the end it may have been let go already: what
# it held once, still fires, and nothing else holds.
_HELD: Final = """
SELECT held_by, count(*) FROM tocsin_alert
WHERE status = 'firing' AND held_by = ANY(%s) GROUP BY held_by
"""
_LET_GO: Final = """
SELECT s.held_by, count(DISTINCT s.alert_id)
FROM tocsin_suppression s JOIN tocsin_alert a ON a.id = s.alert_id
WHERE s.held_by = ANY(%s) AND a.status = 'firing' AND a.held_by IN ('', s.held_by)
GROUP BY s.held_by
"""

_NOTE: Final = """
INSERT INTO tocsin_silence_notice
    (organisation_id, silence_id, ends_at, stage, at, held_count)
SELECT n.organisation_id, n.silence_id, n.ends_at, n.stage, %s, n.held
FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::integer[])
     AS n (organisation_id, silence_id, ends_at, stage, held)
ON CONFLICT DO NOTHING RETURNING silence_id, stage
"""


@dataclass(frozen=True, slots=True)
class Ending:
    """An end of a silence that is to be told: it holds so many alerts and heartbeats."""

    silence: Silence
    stage: NoticeStage
    held_count: int


def await_end(silence: Silence) -> None:
    """Wait for the end of a silence. Timers of a former end stay, and say nothing."""
    end = silence.ends_at
    timers = [_timer(silence, NoticeStage.OVER, due_at=end)]
    if silence.announce_minutes:
        last_part = (end - silence.starts_at) / _LAST_PART
        before = min(timedelta(minutes=silence.announce_minutes), last_part)
        timers.append(_timer(silence, NoticeStage.SOON, due_at=end - before))
    add_timers(timers)


def note_endings(timers: Iterable[Timer], now: datetime) -> list[Ending]:
    """Note and record the ends that are to be told, each once; returns those.

    Requires an open recording. What holds nothing back ends unnoticed.
    """
    endings = _counted(_meant(timers))
    told = _note([one for one in endings if one.held_count], now)
    for ending in told:
        silence = ending.silence
        record(
            "silence.ending",
            organisation_id=silence.organisation_id,
            actor=Actor.system(silence.organisation),
            body={
                "what": f"{sentence_of(ending)} {silence.reason}",
                "silence": str(silence.uid),
                "ends_at": format_at(silence.ends_at),
                "held": ending.held_count,
            },
        )
    return told


def sentence_of(ending: Ending) -> str:
    """Return what is told, without a word of what the alerts say."""
    end = f"{ending.silence.ends_at:%Y-%m-%d %H:%M} UTC"
    count = ending.held_count
    things = "1 alert that fires" if count == 1 else f"{count} alerts that fire"
    if ending.stage == NoticeStage.SOON:
        return f"A silence ends at {end} and holds back {things}."
    return f"A silence has ended at {end} and held back {things} still."


def counts_holding(silences: Sequence[Silence]) -> dict[int, int]:
    """Return {silence id: what it holds back now}, in two statements."""
    codes = [code_of(silence) for silence in silences]
    alerts, others = _grouped(_HELD, codes), _others_held(codes)
    return {
        silence.pk: alerts.get(code, 0) + others.get(code, 0)
        for silence, code in zip(silences, codes, strict=True)
    }


def last_told(silences: Sequence[Silence]) -> dict[int, datetime]:
    """Return {silence id: when its end was last told}, in one statement."""
    rows = SilenceNotice.objects.filter(silence__in=silences).order_by("pk")
    return dict(rows.values_list("silence", "at"))


def _meant(timers: Iterable[Timer]) -> list[tuple[Silence, NoticeStage]]:
    """Return the silences whose end is the one that their timer waited for."""
    waited = [(t.subject_id, t.payload["end"], t.payload["stage"]) for t in timers]
    rows = Silence.objects.select_related("organisation", "author")
    silences = rows.in_bulk({pk for pk, _, _ in waited})
    return [
        (silence, NoticeStage(stage))
        for pk, end, stage in waited
        if (silence := silences.get(pk)) and silence.ends_at.isoformat() == end
    ]


def _counted(meant: Sequence[tuple[Silence, NoticeStage]]) -> list[Ending]:
    soon = [silence for silence, stage in meant if stage == NoticeStage.SOON]
    over = [silence for silence, stage in meant if stage == NoticeStage.OVER]
    counts = {
        NoticeStage.SOON: counts_holding(soon) if soon else {},
        NoticeStage.OVER: _counts_let_go(over) if over else {},
    }
    return [Ending(one, stage, counts[stage][one.pk]) for one, stage in meant]


def _counts_let_go(silences: Sequence[Silence]) -> dict[int, int]:
    codes = [code_of(silence) for silence in silences]
    alerts = _grouped(_LET_GO, codes)
    pairs = Suppression.objects.filter(held_by__in=codes, heartbeat__isnull=False)
    chosen = set(pairs.values_list("held_by", "heartbeat"))
    rows = Heartbeat.objects.in_bulk({pk for _, pk in chosen})
    ends = {code_of(silence): silence.ends_at for silence in silences}
    late = [code for code, pk in chosen if _is_late(rows[pk], ends[code])]
    return {
        silence.pk: alerts.get(code, 0) + late.count(code)
        for silence, code in zip(silences, codes, strict=True)
    }


def _is_late(heartbeat: Heartbeat, at: datetime) -> bool:
    return heartbeat.is_enabled and due_at(heartbeat) <= at


def _grouped(sql: str, codes: Collection[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(codes)])
        return dict(cursor.fetchall())


def _others_held(codes: Sequence[str]) -> Mapping[str, int]:
    """Count the heartbeats and quiet sources whose timer waits for the end."""
    waiting = Timer.objects.filter(kind__in=LETTING_GO, payload__held_by__in=codes)
    held = list(waiting.values_list("payload__held_by", flat=True))
    return {code: held.count(code) for code in held}


def _note(endings: Sequence[Ending], now: datetime) -> list[Ending]:
    """Insert a notice for each; returns those that were not told before."""
    if not endings:
        return []
    columns: list[Any] = [
        [one.silence.organisation_id for one in endings],
        [one.silence.pk for one in endings],
        [one.silence.ends_at for one in endings],
        [one.stage.value for one in endings],
        [one.held_count for one in endings],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [now, *columns])
        fresh = set(cursor.fetchall())
    return [one for one in endings if (one.silence.pk, one.stage.value) in fresh]


def _timer(silence: Silence, stage: NoticeStage, *, due_at: datetime) -> NewTimer:
    return NewTimer(
        ENDING,
        subject_id=silence.pk,
        organisation_id=silence.organisation_id,
        due_at=due_at,
        payload={"end": silence.ends_at.isoformat(), "stage": stage.value},
    )
