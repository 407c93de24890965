"""Offer the tables of the presets as mappings to start from, for tools that are alike.

>>> STARTS["checkmk"].mapping["status.recovery"], STARTS["checkmk"].severity_map["crit"]
('resolved', 3)
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from incidents.incident.severity import severity_from_tool
from incidents.intake.adapters.mapping import IGNORED, STATE_PREFIX
from incidents.intake.adapters.preset_reading import Preset, Shape
from incidents.intake.adapters.presets import PRESETS


@dataclass(frozen=True, slots=True)
class Start:
    """A mapping to start from, with its words for severity."""

    label: str
    mapping: Mapping[str, str]
    severity_map: Mapping[str, int]


def _starts_of(preset: Preset) -> Iterator[tuple[str, Start]]:
    """Yield one for each shape that reads alerts; the first has the preset's own name."""
    shapes = [shape for shape in preset.shapes if shape.mapping]
    for place, shape in enumerate(shapes, start=1):
        name = preset.tool if place == 1 else f"{preset.tool}-{place}"
        label = preset.name
        if len(shapes) > 1:
            label += f", a body with {shape.when.removeprefix('$.')}"
        yield name, Start(label, _mapping_of(shape), _levels_of(shape))


def _mapping_of(shape: Shape) -> dict[str, str]:
    states = {**dict.fromkeys(shape.ignored_states, IGNORED), **shape.statuses}
    words = {f"{STATE_PREFIX}{word}": state for word, state in states.items()}
    return {**shape.mapping, **words}


def _levels_of(shape: Shape) -> dict[str, int]:
    levels = {word: severity_from_tool(ours) for word, ours in shape.severities.items()}
    return {word: level for word, level in levels.items() if word and level is not None}


STARTS: Final[Mapping[str, Start]] = {
    name: start for preset in PRESETS for name, start in _starts_of(preset)
}
