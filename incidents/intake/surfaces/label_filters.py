"""Read filters as Alertmanager's clients write them: `cluster="c1"`, `job=~"node.*"`.

>>> (one,) = parse_filters(['cluster=~"c[12]"'])
>>> fits([one], {"cluster": "c1"}), fits([one], {})
(True, False)
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from incidents.incident.text_tests import PATTERN_OPS, pattern_error, text_holds

MAX_FILTERS: Final = 20

_FILTER: Final = re.compile(
    r'\s*([^=!~\s"{}]+|"[^"]+")\s*(=~|!~|!=|=)\s*(.*?)\s*', re.S
)


class FilterError(ValueError):
    """A filter cannot be used. The message says which and why."""


@dataclass(frozen=True, slots=True)
class LabelFilter:
    """One comparison of a label; a label that is missing counts as empty."""

    name: str
    op: str
    value: str


def parse_filters(texts: Sequence[str]) -> list[LabelFilter]:
    """Read filters. Raises FilterError."""
    if len(texts) > MAX_FILTERS:
        raise FilterError(f"bad matcher format: more than {MAX_FILTERS}")
    return [_parse(text) for text in texts]


def fits(filters: Iterable[LabelFilter], labels: Mapping[str, str]) -> bool:
    """Tell whether all filters hold for these labels."""
    return all(
        text_holds(one.op, labels.get(one.name, ""), one.value) for one in filters
    )


def _parse(text: str) -> LabelFilter:
    match = _FILTER.fullmatch(text.strip().removeprefix("{").removesuffix("}"))
    if match is None:
        raise FilterError(f"bad matcher format: {text[:80]}")
    name, op, written = match.groups()
    value = _unquoted(written)
    if op in PATTERN_OPS and (error := pattern_error(value)):
        raise FilterError(f"bad matcher format: {text[:80]}: {error}")
    return LabelFilter(name.strip('"'), op, value)


def _unquoted(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str) else text
