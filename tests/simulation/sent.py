"""The messages of a seed's runs, by the step that queued them.

A hand-over moves messages to the new run; the key of a page still names the run and the
step that it was made by.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field

from escalation.models import Notification

_STEP_KEY = re.compile(r"run:(\d+):(\d+):(\d+):(\d+)")
_GIVEN_KEY = re.compile(r"run:(\d+):given:")

Made = tuple[int, int, int]  # run id, step index, round


@dataclass
class Sent:
    """Pages by the place that made them, last calls by run, pages to whom it was given."""

    pages: dict[Made, set[int]] = field(default_factory=lambda: defaultdict(set))
    rows: dict[Made, list[Notification]] = field(
        default_factory=lambda: defaultdict(list)
    )
    given: dict[int, list[Notification]] = field(
        default_factory=lambda: defaultdict(list)
    )
    last_calls: set[tuple[int, int]] = field(default_factory=set)

    def add(self, row: Notification) -> None:
        if row.purpose in ("fallback", "exhausted"):
            self.last_calls.add((row.run_id or 0, row.method_id or 0))
        if row.purpose != "page":
            return
        if given := _GIVEN_KEY.match(row.dedup_key):
            self.given[int(given.group(1))].append(row)
        elif key := _STEP_KEY.fullmatch(row.dedup_key):
            run_id, number, turn, method_id = map(int, key.groups())
            self.pages[run_id, number - 1, turn].add(method_id)
            self.rows[run_id, number - 1, turn].append(row)
