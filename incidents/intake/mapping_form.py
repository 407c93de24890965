"""The form in which a person says where a tool's body has what the product reads."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django import forms

from incidents.intake.adapters.mapping import FIELDS, LABEL_PREFIX, STATE_PREFIX
from incidents.intake.handling import HandlingError, checked_severity_map
from incidents.intake.handling_form import read_levels, write_levels
from incidents.intake.mapping_trying import MAX_BODY
from incidents.intake.preset_mappings import STARTS, Start

# Room to indent it.
MAX_TEXT: Final = 4 * MAX_BODY
MAX_PATH: Final = 200
MAX_LINES: Final = 20_000
FIELD_PREFIX: Final = "path_"
# In the order in which one looks for them.
ORDER: Final = ("alerts", *(name for name in FIELDS if name != "alerts"))
LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "alerts": ("Alerts", "The list of them. Empty: the body is one alert."),
    "title": ("Title", ""),
    "status": ("Status", "Empty: firing."),
    "dedup_key": (
        "Dedup key",
        "The same in all messages about one alert. Empty: title and labels.",
    ),
    "severity": ("Severity", ""),
    "summary": ("Summary", ""),
    "url": ("Link", ""),
    "started_at": ("Started at", ""),
    "ended_at": ("Ended at", ""),
    "labels": ("Labels", "An object of labels."),
    "group_key": ("Group key", "Alerts with the same are one incident."),
    "group_title": ("Group title", ""),
    "test": ("Test", "True: shown, opens nothing."),
}


def start_choices() -> list[tuple[str, str]]:
    """Return the mappings to start from, none first."""
    return [("", "no mapping"), *((n, start.label) for n, start in STARTS.items())]


class MappingForm(forms.Form):
    """The paths of a mapping, its words, and a body to try it on."""

    labels_each = forms.CharField(
        label="Single labels",
        required=False,
        max_length=MAX_LINES,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One on each line: host = $.host.name",
    )
    states = forms.CharField(
        label="The tool's words for status",
        required=False,
        max_length=MAX_LINES,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One on each line: clear = resolved. Or firing, or ignored.",
    )
    severity_map = forms.CharField(
        label="The tool's words for severity",
        required=False,
        max_length=MAX_LINES,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One on each line: warning = 1. Other words mean what they usually do.",
    )
    body = forms.CharField(
        label="Body",
        required=False,
        strip=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ORDER:
            label, help_text = LABELS[name]
            self.fields[FIELD_PREFIX + name] = forms.CharField(
                label=label,
                help_text=help_text,
                required=False,
                max_length=MAX_PATH,
                widget=forms.TextInput(
                    attrs={"spellcheck": "false", "autocapitalize": "off"}
                ),
            )

    def clean_labels_each(self) -> dict[str, str]:
        """Read a line for each label."""
        return {
            LABEL_PREFIX + name: path
            for name, path in _lines(self.cleaned_data["labels_each"], "host = $.host")
        }

    def clean_states(self) -> dict[str, str]:
        """Read a line for each word."""
        return {
            STATE_PREFIX + word: state
            for word, state in _lines(self.cleaned_data["states"], "clear = resolved")
        }

    def clean_severity_map(self) -> dict[str, int]:
        """Read a line for each word."""
        try:
            return checked_severity_map(read_levels(self.cleaned_data["severity_map"]))
        except HandlingError as error:
            message = f"{str(error.value)[:80]!r}: {error.remedy}"
            raise forms.ValidationError(message) from None

    @property
    def mapping(self) -> dict[str, str]:
        """What was entered, as far as its lines could be read; paths are not checked."""
        given = self.cleaned_data
        paths = {name: given.get(FIELD_PREFIX + name, "") for name in FIELDS}
        return {
            **{name: path for name, path in paths.items() if path},
            **given.get("labels_each", {}),
            **given.get("states", {}),
        }


def _lines(text: str, example: str) -> Iterator[tuple[str, str]]:
    for line in filter(None, map(str.strip, text.splitlines())):
        name, mark, value = line.partition("=")
        if not mark or not name.strip() or not value.strip():
            raise forms.ValidationError(f"{line[:80]!r}: write it like {example}.")
        yield name.strip(), value.strip()


def entered(mapping: Mapping[str, str], levels: Mapping[str, int]) -> dict[str, str]:
    """Return a mapping and words for severity as the form writes them."""
    return {
        **{FIELD_PREFIX + name: mapping.get(name, "") for name in ORDER},
        "labels_each": _joined(mapping, LABEL_PREFIX),
        "states": _joined(mapping, STATE_PREFIX),
        "severity_map": write_levels(levels),
    }


def entered_start(name: str) -> dict[str, str]:
    """Return what the form holds when one starts from that mapping."""
    start = STARTS.get(name, Start("", {}, {}))
    return entered(start.mapping, start.severity_map)


def _joined(mapping: Mapping[str, str], prefix: str) -> str:
    return "\n".join(
        f"{name.removeprefix(prefix)} = {value}"
        for name, value in mapping.items()
        if name.startswith(prefix)
    )
