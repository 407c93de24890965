"""Write the body that a tool would post, for the test button of a source. Pure.

All trials of a source are one alert: pressing the button again while its incident is
open only counts up.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from incidents.intake.adapters.adapter import Adapter
from incidents.intake.adapters.examples import document_for


def trial_body(adapter: Adapter, *, mapping: Mapping[str, str], now: datetime) -> bytes:
    """Return a body with one alert of severity *info* that began at `now`."""
    record = adapter.trial(now)
    if mapping and isinstance(record, Mapping):
        return json.dumps(document_for(record, mapping)).encode()
    return json.dumps(record).encode()
