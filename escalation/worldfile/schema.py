"""Read the text of a file into a `World`, or say everything that is wrong with it.

Nothing here looks at the database: `references.py` does, afterwards.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from escalation.policies.matchers import RuleError, matchers_to_body, parse_matchers
from escalation.policies.steps import PARTS, PolicyError, parse_policy, to_body
from escalation.worldfile.calendars import read_calendar
from escalation.worldfile.contacts import read_contact
from escalation.worldfile.desks import read_desk
from escalation.worldfile.heartbeats import read_heartbeat
from escalation.worldfile.laws import read_own_regime, read_profile
from escalation.worldfile.mailboxes import read_mailbox
from escalation.worldfile.maintenance import read_window
from escalation.worldfile.paging import read_rules_spec
from escalation.worldfile.positions import line_numbers
from escalation.worldfile.problems import Problem, Problems, WorldFileInvalid
from escalation.worldfile.quorum import read_quorum, read_witness_group
from escalation.worldfile.retention import read_retention
from escalation.worldfile.schedules import read_override_table, read_schedule_table
from escalation.worldfile.stamps import read_authority
from escalation.worldfile.tables import Table
from escalation.worldfile.witnesses import read_watched_log, read_witness
from escalation.worldfile.world import (
    OrganisationSpec,
    PersonSpec,
    PolicySpec,
    RouteSpec,
    SourceSpec,
    TeamSpec,
    World,
)
from incidents.errors import BadInput
from incidents.incident.severity import SEVERITIES
from incidents.incident.taxonomy import CATEGORY_CHOICES
from incidents.incident.tlp import DEFAULT_TLP, Tlp
from incidents.intake.adapters.mapping import MappingError, check_mapping
from incidents.intake.adapters.registry import ADAPTERS
from incidents.intake.handling import (
    MAX_EXPIRY_MINUTES,
    MAX_FLAP_MINUTES,
    MAX_QUIET_HOURS,
    MAX_WINDOW_MINUTES,
    HandlingError,
    checked_flap_changes,
    checked_group_by,
    checked_severity_map,
)
from incidents.intake.keys import key_remedy
from incidents.intake.sources import default_expiry
from incidents.intake.trust_kinds import KINDS, check_secret, read_options, read_ranges
from incidents.organisations.models import OrganisationKind

SECTIONS: Final = (
    "organisations",
    "people",
    "teams",
    "contact_methods",
    "notification_rules",
    "calendars",
    "schedules",
    "overrides",
    "policies",
    "routes",
    "regimes",
    "legal_profiles",
    "sources",
    "report_desks",
    "heartbeats",
    "maintenance_windows",
    "mailboxes",
    "witnesses",
    "watched_logs",
    "witness_groups",
    "retention_schedules",
    "time_stamp_authorities",
)
# Of these there is one.
TABLES: Final = ("quorum",)
DEMO_ONLY = "is accepted only in the demo (TOCSIN_DEMO=1 or DEBUG=1). {remedy}"

_SUBSTITUTE = re.compile(r"\$\{(TOCSIN_[A-Z0-9_]*)\}")
_TOML_LINE = re.compile(r" \(at line (\d+), column \d+\)$")

Spec = TypeVar("Spec")
Value = TypeVar("Value")


def read_world(
    text: str, *, is_demo_allowed: bool, substitutes: Mapping[str, str]
) -> tuple[World, Problems]:
    """Read the text; what was noted as a problem must be raised before the world is used.

    `substitutes` are the names that may stand in a value as ${NAME}; an empty one
    counts as not set. Raises WorldFileInvalid for what is not TOML at all.
    """
    document = _load(text)
    problems = Problems(line_numbers(text))
    document = _substituted(document, (), substitutes, problems)
    top = Table(document, path=(), problems=problems)
    if top.flag("demo", default=False) and not is_demo_allowed:
        remedy = "It has passwords that everybody knows: never load it elsewhere."
        problems.add(("demo",), DEMO_ONLY.format(remedy=remedy))
    for section in (*SECTIONS, *TABLES):
        top.has(section)
    top.finish()
    _check_secrets(document, is_demo_allowed=is_demo_allowed, problems=problems)
    world = World(
        organisations=_read_all(document, "organisations", _organisation, problems),
        people=_read_all(document, "people", _person, problems),
        teams=_read_all(document, "teams", _team, problems),
        contact_methods=_read_all(document, "contact_methods", read_contact, problems),
        notification_rules=_read_all(
            document, "notification_rules", read_rules_spec, problems
        ),
        calendars=_read_all(document, "calendars", read_calendar, problems),
        schedules=_read_all(document, "schedules", read_schedule_table, problems),
        overrides=_read_all(document, "overrides", read_override_table, problems),
        policies=_read_all(document, "policies", _policy, problems),
        routes=_read_all(document, "routes", _route, problems),
        regimes=_read_all(document, "regimes", read_own_regime, problems),
        legal_profiles=_read_all(document, "legal_profiles", read_profile, problems),
        sources=_read_all(document, "sources", _source, problems),
        report_desks=_read_all(document, "report_desks", read_desk, problems),
        heartbeats=_read_all(document, "heartbeats", read_heartbeat, problems),
        maintenance_windows=_read_all(
            document, "maintenance_windows", read_window, problems
        ),
        mailboxes=_read_all(document, "mailboxes", read_mailbox, problems),
        **_of_record(document, problems),
    )
    return world, problems


def _of_record(document: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    readers: dict[str, Callable[[Table], Any]] = {
        "witnesses": read_witness,
        "witness_groups": read_witness_group,
        "watched_logs": read_watched_log,
        "retention_schedules": read_retention,
        "time_stamp_authorities": read_authority,
    }
    read: dict[str, Any] = {
        section: _read_all(document, section, reader, problems)
        for section, reader in readers.items()
    }
    return {"quorum": read_quorum(document, problems), **read}


def _load(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_LINE.search(str(error))
        line = int(place.group(1)) if place else text.count("\n") + 1
        message = f"this is not TOML: {_TOML_LINE.sub('', str(error))}."
        raise WorldFileInvalid([Problem(line, "", message)]) from None


def _substituted(
    value: Any, path: tuple[Any, ...], names: Mapping[str, str], problems: Problems
) -> Any:
    """Put values for ${TOCSIN_…}, in text only, at any depth."""
    if isinstance(value, dict):
        return {
            key: _substituted(inner, (*path, key), names, problems)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [
            _substituted(inner, (*path, index), names, problems)
            for index, inner in enumerate(value)
        ]
    if not isinstance(value, str):
        return value

    def put(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in names:
            known = ", ".join(sorted(names))
            problems.add(path, f"${{{name}}} cannot be put in. Known are {known}.")
        elif not names[name]:
            problems.add(path, f"${{{name}}} is not set. Set it or write the value.")
        return names.get(name, "")

    return _SUBSTITUTE.sub(put, value)


def _check_secrets(
    document: Mapping[str, Any], *, is_demo_allowed: bool, problems: Problems
) -> None:
    if is_demo_allowed:
        return
    remedies = {
        ("people", "password"): "Leave it out; the person gets one by "
        "`manage.py changepassword`.",
        ("sources", "key"): "Leave it out; one is made and printed once.",
    }
    for (section, field), remedy in remedies.items():
        items = document.get(section)
        for index, item in enumerate(items if isinstance(items, list) else []):
            if isinstance(item, dict) and field in item:
                message = DEMO_ONLY.format(remedy=remedy)
                problems.add((section, index, field), message)


def _read_all(
    document: Mapping[str, Any],
    section: str,
    read: Callable[[Table], Spec],
    problems: Problems,
) -> tuple[Spec, ...]:
    items = document.get(section, [])
    if not isinstance(items, list):
        problems.add((section,), f"is one table. Begin each with [[{section}]].")
        return ()
    specs = []
    for index, item in enumerate(items):
        table = Table(item, path=(section, index), problems=problems)
        specs.append(read(table))
        table.finish()
    return tuple(specs)


def _organisation(table: Table) -> OrganisationSpec:
    return OrganisationSpec(
        path=table.path,
        slug=table.slug("slug"),
        name=table.text("name"),
        kind=table.choice("kind", OrganisationKind.values),
        second_person=_switch(table, "second_person"),
    )


def _switch(table: Table, name: str) -> bool | None:
    """Read true or false; what the file does not say stays as it is."""
    return table.flag(name, default=False) if table.has(name) else None


def _person(table: Table) -> PersonSpec:
    roles = table.raw("roles", default={})
    reader = Table(roles, path=(*table.path, "roles"), problems=table.problems)
    return PersonSpec(
        path=table.path,
        email=table.email("email"),
        name=table.text("name", default=""),
        password=table.text("password", default=""),
        roles={slug: reader.texts(slug) for slug in reader.values},
    )


def _team(table: Table) -> TeamSpec:
    return TeamSpec(
        path=table.path,
        organisation=table.slug("organisation"),
        slug=table.slug("slug"),
        name=table.text("name"),
        members=tuple(member.lower() for member in table.texts("members")),
    )


def _policy(table: Table) -> PolicySpec:
    body = {"steps": table.raw("steps")}
    body |= {name: table.raw(name) for name in PARTS if table.has(name)}
    try:
        read = to_body(parse_policy(body))
    except PolicyError as error:
        table.problems.add_within(table.path, str(error))
        read = {}
    return PolicySpec(
        path=table.path,
        organisation=table.slug("organisation"),
        slug=table.slug("slug"),
        name=table.text("name"),
        body=read,
        second_person=_switch(table, "second_person"),
    )


def _route(table: Table) -> RouteSpec:
    try:
        matchers = matchers_to_body(parse_matchers(table.raw("match", default=[])))
    except RuleError as error:
        message = re.sub(r"^matchers", "match", str(error))
        table.problems.add_within(table.path, message)
        matchers = []
    is_default = table.flag("default", default=False)
    if is_default and matchers:
        remedy = "The default route takes what no other took: leave `match` out."
        table.problems.add((*table.path, "match"), remedy)
    return RouteSpec(
        path=table.path,
        organisation=table.slug("organisation"),
        name=table.text("name"),
        matchers=tuple(matchers),
        is_default=is_default,
        policy=table.slug("policy", default=""),
        share_with=table.texts("share_with"),
    )


def _source(table: Table) -> SourceSpec:
    tool = table.choice("tool", tuple(ADAPTERS))
    categories = [code for code, _ in CATEGORY_CHOICES]
    return SourceSpec(
        path=table.path,
        organisation=table.slug("organisation"),
        slug=table.slug("slug"),
        tool=tool,
        name=table.text("name"),
        key=_key(table, tool),
        is_enabled=table.flag("enabled", default=True),
        resolves_incidents=table.flag("resolves_incidents", default=True),
        default_severity=table.level(
            "default_severity", low=0, high=SEVERITIES[-1].level, default=2
        ),
        default_category=table.choice("default_category", categories, default="AVL"),
        default_tlp=table.choice("default_tlp", list(Tlp), default=DEFAULT_TLP.value),
        mapping=_mapping(table, tool),
        severity_map=_handling(table, "severity_map", checked_severity_map, {}),
        group_by=tuple(_handling(table, "group_by", checked_group_by, [])),
        group_window_minutes=table.level(
            "group_window_minutes", low=0, high=MAX_WINDOW_MINUTES, default=0
        ),
        expires_after_minutes=table.level(
            "expires_after_minutes",
            low=0,
            high=MAX_EXPIRY_MINUTES,
            default=default_expiry(tool) if tool in ADAPTERS else 0,
        ),
        flap_changes=_handling(table, "flap_changes", checked_flap_changes, 0),
        flap_minutes=table.level(
            "flap_minutes", low=1, high=MAX_FLAP_MINUTES, default=30
        ),
        quiet_after_hours=table.level(
            "quiet_after_hours", low=0, high=MAX_QUIET_HOURS, default=0
        ),
        **_trust(table),
    )


def _trust(table: Table) -> dict[str, Any]:
    """Read what the source asks of its senders."""
    kind = table.choice("verification", tuple(KINDS), default="none") or "none"
    options = table.raw("verification_options", default={})
    ranges = table.texts("address_ranges")
    secret = table.text("secret", default="")
    read: dict[str, Any] = {"verification": kind, "secret": secret}
    try:
        read["verification_options"] = read_options(
            kind, options if isinstance(options, dict) else {str(options): ""}
        )
        read["address_ranges"] = tuple(read_ranges(ranges))
        if secret:
            check_secret(kind, secret)
    except BadInput as error:
        quoted = f"{str(error.value)[:100]!r} cannot be used. " if error.value else ""
        is_option = error.field not in ("address_ranges", "secret")
        where = ("verification_options", error.field) if is_option else (error.field,)
        table.problems.add((*table.path, *where), f"{quoted}{error.remedy}")
    return {"verification_options": {}, "address_ranges": (), **read}


def _handling(
    table: Table, name: str, check: Callable[[object], Value], default: Value
) -> Value:
    """Read a setting that says how alerts become incidents."""
    try:
        return check(table.raw(name, default=default))
    except HandlingError as error:
        message = f"{error.value!r:.100} cannot be used. {error.remedy}"
        table.problems.add((*table.path, name), message)
        return default


def _key(table: Table, tool: str) -> str:
    key = table.text("key", default="")
    if key and (remedy := key_remedy(key, tool=tool)):
        table.problems.add((*table.path, "key"), f"{key!r} cannot be used. {remedy}")
    return key


def _mapping(table: Table, tool: str) -> Mapping[str, str]:
    mapping = table.raw("mapping", default={})
    path = (*table.path, "mapping")
    if mapping and tool != "generic":
        table.problems.add(path, "belongs to the tool generic only. Leave it out.")
        return {}
    if not mapping:
        return {}
    try:
        return dict(check_mapping(mapping))
    except MappingError as error:
        table.problems.add(path, str(error))
        return {}
