"""Take what a run sent, and what looks after it, along to the run that continues it.

So a page that was on its way still goes out, and whoever cannot take it, or is never
reached, takes the new run on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db import connection

from escalation.runs.timers import CHECK_REACHED

_WAYS: Final = """
    unnest(%s::bigint[], %s::smallint[], %s::bigint[], %s::smallint[])
        AS v (former, old_step, run, step)
"""
# What belongs to no step, such as a last call, goes along as well.
_MESSAGES: Final = f"""
UPDATE tocsin_notification AS n SET run_id = v.run, step_index = v.step FROM {_WAYS}
 WHERE n.run_id = v.former AND n.step_index IS NOT DISTINCT FROM v.old_step
"""  # noqa: S608  (both parts are constants)
_CHECKS: Final = f"""
UPDATE tocsin_timer AS t
   SET subject_id = v.run, payload = t.payload || jsonb_build_object('step', v.step)
  FROM {_WAYS}
 WHERE t.kind = '{CHECK_REACHED}' AND t.subject_id = v.former
   AND (t.payload ->> 'step')::smallint = v.old_step
"""  # noqa: S608  (both parts are constants)


@dataclass(frozen=True, slots=True)
class Way:
    """From one run to that which continues it; `places` lead to the same steps there."""

    former_id: int
    run_id: int
    places: Mapping[int, int]


def take_along(ways: Iterable[Way]) -> None:
    """Move messages and the checks whether they arrived; those of steps gone stay."""
    rows: list[tuple[int, int | None, int, int | None]] = []
    for way in ways:
        rows.append((way.former_id, None, way.run_id, None))
        rows += [
            (way.former_id, old, way.run_id, new) for old, new in way.places.items()
        ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    if columns:
        with connection.cursor() as cursor:
            cursor.execute(_MESSAGES, columns)
            cursor.execute(_CHECKS, columns)
