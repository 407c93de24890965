"""Say how another tool's words become ours: a TOML file, theirs on the left. Pure.

    name = "opsgenie"                  the import; the file's name when left out
    zone = "Europe/Berlin"             of times without an offset; UTC when left out
    time_format = "%d/%m/%Y %H:%M"     of times that are not ISO 8601

    [fields]                           their column, or dotted path = ours
    "Incident ID" = "external_id"
    "Created" = ["opened_at", "detected_at"]
    [severities]                       their word = 0 to 5
    P1 = 4
    [categories]                       their word = a code of the taxonomy
    "Data leak" = "PDB"
    [statuses]                         their word = open, acknowledged or resolved
    Closed = "resolved"
    [defaults]                         ours, where a row says nothing
    category = "GOV"

>>> mapping = read_mapping({"fields": {"Id": "external_id", "Subject": "title"}})
>>> mapping.theirs_of["title"]
'Subject'
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from incidents.errors import BadInput
from incidents.incident.facets import FACETS
from incidents.incident.severity import SEVERITIES
from incidents.incident.taxonomy import category_named
from incidents.incident.tlp import parse_tlp

INSTANTS: Final = (
    "opened_at",
    "occurred_at",
    "detected_at",
    "aware_at",
    "acknowledged_at",
    "resolved_at",
)
OURS: Final = (
    "external_id",
    "title",
    "description",
    "category",
    "severity",
    "tlp",
    "status",
    "is_danger",
    *INSTANTS,
    *(f"facts.{facet.key}" for facet in FACETS),
)
REQUIRED: Final = ("external_id", "title")
LABEL_PREFIX: Final = "labels."
STATUSES: Final = ("open", "acknowledged", "resolved")
MAX_NAME: Final = 100
MAX_LABEL_NAME: Final = 100
DEFAULTS: Final = ("category", "severity", "tlp", "status")

# What tools commonly say; a mapping's own words come first.
STATUS_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("open", "new", "active", "triggered", "firing"), "open"),
    **dict.fromkeys(
        ("acknowledged", "acked", "investigating", "silenced", "pending", "on hold"),
        "acknowledged",
    ),
    **dict.fromkeys(("in progress", "work in progress"), "acknowledged"),
    **dict.fromkeys(("resolved", "closed", "done", "fixed"), "resolved"),
    **dict.fromkeys(("canceled", "cancelled"), "resolved"),
}
_TABLES: Final = ("fields", "severities", "categories", "statuses", "defaults")


@dataclass(frozen=True, slots=True)
class ImportMapping:
    """How a file's rows are read. `theirs_of` is {our field: their column}."""

    theirs_of: Mapping[str, str]
    name: str = ""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    time_format: str = ""
    severities: Mapping[str, int] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)


def own_mapping() -> ImportMapping:
    """Return the mapping of a file whose columns have our own names."""
    return ImportMapping({name: name for name in OURS})


def read_mapping(document: Mapping[str, Any]) -> ImportMapping:
    """Return the mapping that a TOML document holds. Raises BadInput."""
    known = ("name", "zone", "time_format", *_TABLES)
    for name in document:
        if name not in known:
            raise BadInput(name, document[name], f"Use {', '.join(known)}.")
    tables = {name: _table(document, name) for name in _TABLES}
    return ImportMapping(
        theirs_of=_fields(tables["fields"]),
        name=_text(document, "name", limit=MAX_NAME),
        zone=_zone(_text(document, "zone") or "UTC"),
        time_format=_text(document, "time_format"),
        severities=_words(tables["severities"], "severities", check_severity),
        categories=_words(tables["categories"], "categories", check_category),
        statuses=_words(tables["statuses"], "statuses", check_status),
        defaults=_defaults(tables["defaults"]),
    )


def word(value: object) -> str:
    """Return their word in the form in which it is looked up."""
    return str(value).strip().casefold()


def check_severity(value: object) -> int:
    """Return a severity. Raises ValueError with the remedy."""
    known = [level.level for level in SEVERITIES]
    if isinstance(value, bool) or value not in known:
        raise ValueError("Give a whole number from 0 to 5.")
    return int(str(value))


def check_category(value: object) -> str:
    """Return a code of the taxonomy. Raises ValueError with the remedy."""
    if not isinstance(value, str) or category_named(value) is None:
        raise ValueError("Use a code of the taxonomy, such as WGT or AVL.")
    return value


def check_status(value: object) -> str:
    """Return a status. Raises ValueError with the remedy."""
    if value not in STATUSES:
        raise ValueError(f"Use {', '.join(STATUSES)}.")
    return str(value)


def check_tlp(value: object) -> str:
    """Return a label of TLP 2.0. Raises ValueError with the remedy."""
    return parse_tlp(str(value)).value


def _fields(table: Mapping[str, Any]) -> dict[str, str]:
    if not table:
        return dict(own_mapping().theirs_of)
    theirs_of: dict[str, str] = {}
    for theirs, given in table.items():
        for ours in given if isinstance(given, list) else [given]:
            _check_ours(theirs, ours)
            if ours in theirs_of:
                remedy = f"{theirs_of[ours]!r} is mapped to it already; keep one."
                raise BadInput(f"fields.{theirs}", ours, remedy)
            theirs_of[ours] = theirs
    if missing := [name for name in REQUIRED if name not in theirs_of]:
        raise BadInput("fields", missing[0], "Name the column that holds it.")
    return theirs_of


def _check_ours(theirs: str, ours: object) -> None:
    is_label = (
        isinstance(ours, str)
        and ours.startswith(LABEL_PREFIX)
        and 0 < len(ours) - len(LABEL_PREFIX) <= MAX_LABEL_NAME
    )
    if not is_label and ours not in OURS:
        remedy = f"Use {', '.join(OURS)} or labels.<name>."
        raise BadInput(f"fields.{theirs}", ours, remedy)


def _words(
    table: Mapping[str, Any], name: str, check: Callable[[object], Any]
) -> dict[str, Any]:
    return {
        word(theirs): _checked(check, ours, field_name=f"{name}.{theirs}")
        for theirs, ours in table.items()
    }


def _defaults(table: Mapping[str, Any]) -> dict[str, Any]:
    checks: dict[str, Callable[[object], Any]] = {
        "category": check_category,
        "severity": check_severity,
        "status": check_status,
        "tlp": check_tlp,
    }
    for name, value in table.items():
        if name not in checks:
            raise BadInput(f"defaults.{name}", value, f"Use {', '.join(DEFAULTS)}.")
    return {
        name: _checked(checks[name], value, field_name=f"defaults.{name}")
        for name, value in table.items()
    }


def _checked(
    check: Callable[[object], Any], value: object, *, field_name: str
) -> object:
    try:
        return check(value)
    except ValueError as error:
        raise BadInput(field_name, value, str(error)) from None


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise BadInput(name, table, f"Write it as a table: [{name}].")
    return table


def _text(document: Mapping[str, Any], name: str, *, limit: int = 200) -> str:
    value = document.get(name, "")
    if not isinstance(value, str) or len(value) > limit or not value.isprintable():
        raise BadInput(name, value, f"Write a text of at most {limit} characters.")
    return value


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        remedy = "Name a zone of the IANA list, such as Europe/Berlin."
        raise BadInput("zone", name, remedy) from None
