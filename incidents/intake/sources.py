"""Make and change sources, show their addresses, and try them out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.severity import SEVERITIES
from incidents.incident.taxonomy import category_named
from incidents.incident.tlp import parse_tlp
from incidents.intake.adapters.mapping import MappingError, check_mapping
from incidents.intake.adapters.marks import TRIAL
from incidents.intake.adapters.registry import ADAPTERS
from incidents.intake.group_windows import watch_windows
from incidents.intake.handling import (
    EXPIRY_WITHOUT_RESOLVED,
    MAX_EXPIRY_MINUTES,
    MAX_FLAP_MINUTES,
    MAX_QUIET_HOURS,
    MAX_WINDOW_MINUTES,
    HandlingError,
    checked_flap_changes,
    checked_group_by,
    checked_minutes,
    checked_number,
    checked_severity_map,
)
from incidents.intake.keys import new_key
from incidents.intake.models import Delivery, Source
from incidents.intake.quiet import watch_quiet
from incidents.intake.receive import digest_of_key, store_deliveries
from incidents.intake.trials import trial_body
from incidents.intake.trust import check_kept, write_trust
from incidents.ledger.keyring import open_secret, seal_secret
from incidents.organisations.models import Organisation

CONTEXT: Final = "source"


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What may be chosen about a source, with the defaults of the table.

    An expiry of None is the tool's own: none where it says when an alert has ended.
    """

    is_enabled: bool = True
    resolves_incidents: bool = True
    default_severity: int = 2
    default_category: str = "AVL"
    default_tlp: str = "AMBER+STRICT"
    mapping: Mapping[str, Any] = field(default_factory=dict)
    severity_map: Mapping[str, int] = field(default_factory=dict)
    group_by: Sequence[str] = ()
    group_window_minutes: int = 0
    expires_after_minutes: int | None = None
    flap_changes: int = 0
    flap_minutes: int = 30
    quiet_after_hours: int = 0


OPTIONS: Final = tuple(SourceOptions.__dataclass_fields__)


def create_source(  # noqa: PLR0913  (what it is, whose, who and when)
    organisation: Organisation,
    *,
    tool: str,
    slug: str,
    name: str,
    actor: Actor,
    now: datetime,
    options: SourceOptions | None = None,
) -> tuple[Source, str]:
    """Create a source and return it with its key. Raises BadInput."""
    if tool not in ADAPTERS:
        raise BadInput("tool", tool, f"Use one of {', '.join(ADAPTERS)}.")
    if Source.objects.filter(organisation=organisation, slug=slug).exists():
        raise BadInput("slug", slug, "Another source has it; choose another.")
    chosen = options or SourceOptions()
    values = _checked({name: getattr(chosen, name) for name in OPTIONS}, tool=tool)
    key = new_key(tool)
    with recording(now):
        source = Source.objects.create(
            organisation=organisation,
            tool=tool,
            slug=slug,
            name=name,
            **_key_columns(key),
            **values,
        )
        watch_quiet(source, now=now)
        _record_change(source, "created", {"tool": tool, "name": name}, actor)
    return source, key


def change_source(
    source: Source, *, changes: Mapping[str, Any], actor: Actor, now: datetime
) -> Source:
    """Change the name or options of a source; what stays the same is not recorded.

    Raises BadInput.
    """
    if unknown := sorted(changes.keys() - {"name", *OPTIONS}):
        raise BadInput(unknown[0], changes[unknown[0]], "This cannot be changed.")
    values = _checked(changes, tool=source.tool)
    differing = {n: v for n, v in values.items() if getattr(source, n) != v}
    if not differing:
        return source
    with recording(now):
        for field_name, value in differing.items():
            setattr(source, field_name, value)
        source.save(update_fields=sorted(differing))
        if "group_window_minutes" in differing:
            watch_windows(source, now=now)
        if {"quiet_after_hours", "is_enabled"} & differing.keys():
            watch_quiet(source, now=now)
        _record_change(source, "changed", differing, actor)
    return source


def rotate_key(
    source: Source, *, actor: Actor, now: datetime, keep_old: timedelta = timedelta(0)
) -> str:
    """Give the source another key and return it; the old one works for `keep_old` more.

    A still older one ends at once. Raises BadInput.
    """
    check_kept("keep_old", keep_old)
    key = new_key(source.tool)
    former: dict[str, Any] = {"old_key_digest": None, "old_key_ends_at": None}
    if keep_old:
        digest = bytes(source.key_digest)
        former = {"old_key_digest": digest, "old_key_ends_at": now + keep_old}
    kept = {"old_key_ends_at": (now + keep_old).isoformat()} if keep_old else {}
    with recording(now):
        write_trust(source, {**_key_columns(key), **former}, now=now)
        _record_change(source, "given a new key", kept, actor)
    return key


def source_url(source: Source) -> str:
    """Return the address to which the tool must post; mostly it holds the key."""
    return ADAPTERS[source.tool].url(base=settings.BASE_URL, key=source_key(source))


def source_key(source: Source) -> str:
    """Return the key of a source."""
    return open_secret(bytes(source.key_sealed), context=CONTEXT).decode("ascii")


def key_apart(source: Source) -> str:
    """Return the key where it is not part of the address, else nothing."""
    return source_key(source) if ADAPTERS[source.tool].has_key_apart else ""


def send_trial(source: Source, *, now: datetime) -> Delivery:
    """Store a delivery as the tool would post it, so that the whole way is walked."""
    adapter = ADAPTERS[source.tool]
    headers = {"content-type": "application/json", "user-agent": "Tocsin trial"}
    return store_deliveries(
        source,
        [trial_body(adapter, mapping=source.mapping, now=now)],
        headers={**headers, **(adapter.trial_headers or {})},
        marks={TRIAL: "yes"},
    )[0]


def _key_columns(key: str) -> dict[str, bytes]:
    sealed = seal_secret(key.encode("ascii"), context=CONTEXT)
    return {"key_digest": digest_of_key(key), "key_sealed": sealed}


def _checked(values: Mapping[str, Any], *, tool: str) -> dict[str, Any]:
    checked = dict(values)
    severity = values.get("default_severity", 0)
    if severity not in {level.level for level in SEVERITIES}:
        raise BadInput("default_severity", severity, "Give a number from 0 to 5.")
    category = values.get("default_category")
    if category is not None and category_named(category) is None:
        raise BadInput("default_category", category, "Use a code of the taxonomy.")
    if "default_tlp" in values:
        checked["default_tlp"] = _checked_tlp(values["default_tlp"])
    if "mapping" in values:
        checked["mapping"] = _checked_mapping(values["mapping"], tool=tool)
    return checked | _checked_handling(values, tool=tool)


def default_expiry(tool: str) -> int:
    """Return after how many minutes of silence an alert of this tool ends; 0 is never."""
    return 0 if ADAPTERS[tool].sends_resolved else EXPIRY_WITHOUT_RESOLVED


_HANDLING: Final[Mapping[str, Callable[[Any], Any]]] = {
    "severity_map": checked_severity_map,
    "group_by": checked_group_by,
    "group_window_minutes": lambda value: checked_minutes(
        "group_window_minutes", value, most=MAX_WINDOW_MINUTES
    ),
    "expires_after_minutes": lambda value: checked_minutes(
        "expires_after_minutes", value, most=MAX_EXPIRY_MINUTES
    ),
    "flap_changes": checked_flap_changes,
    "flap_minutes": lambda value: checked_number(
        "flap_minutes", value, least=1, most=MAX_FLAP_MINUTES
    ),
    "quiet_after_hours": lambda value: checked_minutes(
        "quiet_after_hours", value, most=MAX_QUIET_HOURS, unit="hours"
    ),
}


def _checked_handling(values: Mapping[str, Any], *, tool: str) -> dict[str, Any]:
    """Check what says how alerts become incidents. Raises BadInput."""
    wanted = {name: values[name] for name in _HANDLING if name in values}
    if wanted.get("expires_after_minutes", 0) is None:
        wanted["expires_after_minutes"] = default_expiry(tool)
    try:
        return {name: _HANDLING[name](value) for name, value in wanted.items()}
    except HandlingError as error:
        raise BadInput(error.field, error.value, error.remedy) from None


def _checked_tlp(text: str) -> str:
    try:
        return parse_tlp(text).value
    except ValueError as error:
        raise BadInput("default_tlp", text, str(error)) from None


def _checked_mapping(mapping: Mapping[str, Any], *, tool: str) -> dict[str, str]:
    if mapping and tool != "generic":
        raise BadInput("mapping", tool, "Only a generic source has a mapping.")
    try:
        return check_mapping(mapping)
    except MappingError as error:
        raise BadInput("mapping", "", str(error)) from None


def _record_change(
    source: Source, done: str, changes: Mapping[str, Any], actor: Actor
) -> None:
    record(
        "config.changed",
        organisation_id=source.organisation_id,
        actor=actor,
        body={"what": f"Source {source.slug} {done}", "changes": _recorded(changes)},
    )


def _recorded(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes in the record's terms: names of mappings may be any text."""
    return {
        name: [f"{k} = {v}" for k, v in value.items()]
        if isinstance(value, Mapping)
        else value
        for name, value in changes.items()
    }
