"""What the columns of holds and erasures hold, for `columns.py`."""

from collections.abc import Mapping
from typing import Final

from config.column_kinds import CODE, OURS, Column, content, neither

_WRITTEN: Final = content("organisation", "a person wrote it")

CUSTODY_COLUMNS: Final[Mapping[str, Mapping[str, Column]]] = {
    "incidents.Erased": {"name": CODE},
    "incidents.Hold": {
        "matter": OURS,
        "reason": _WRITTEN,
        "released_reason": _WRITTEN,
    },
    "incidents.Erasure": {
        "fields": neither("ids of streams, numbers, names of fields"),
        "basis": OURS,
        "reason": _WRITTEN,
        "state": CODE,
        "settled_reason": _WRITTEN,
    },
    "incidents.RecipientNotice": {
        "recipient": content("organisation", "may name a person"),
        "basis": OURS,
        "told_how": _WRITTEN,
    },
    "incidents.RetentionSchedule": {"of": CODE},
    "incidents.RetentionRun": {"terms": neither("classes and numbers of days")},
}
