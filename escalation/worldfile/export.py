"""Write the configuration as a file that applies back to the same, without secrets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models.functions import Now

from escalation.calendars.models import WorkingCalendar
from escalation.notifications.models import ContactMethod, NotificationRules
from escalation.notifications.rule_editing import FIELDS as RULE_FIELDS
from escalation.oncall.editing import drafts_of
from escalation.oncall.models import Override, Schedule
from escalation.oncall.reading import schedule_to_body
from escalation.policies.matchers import matchers_to_body, parse_matchers
from escalation.policies.models import Policy, SecondPersonRule
from escalation.policies.steps import parse_policy, to_body
from escalation.routing.models import Route
from escalation.worldfile.desks import desk_rows
from escalation.worldfile.heartbeats import heartbeat_rows
from escalation.worldfile.laws import profile_rows, regime_rows
from escalation.worldfile.mailboxes import mailbox_rows
from escalation.worldfile.maintenance import window_rows
from escalation.worldfile.quorum import quorum_rows, witness_group_rows
from escalation.worldfile.retention import retention_rows
from escalation.worldfile.stamps import authority_rows
from escalation.worldfile.toml_text import array_item, table_item
from escalation.worldfile.witnesses import watched_log_rows, witness_rows
from incidents.intake.sources import default_expiry
from incidents.models import Membership, Organisation, Source, Team

HEADER = """\
# Tocsin's configuration. `manage.py apply` reads it back.
# Passwords, source keys and signing secrets are not in it: those that exist are kept,
# and on another installation new ones are made.

"""


def export_world(organisations: Sequence[Organisation] | None = None) -> str:
    """Return TOML for these organisations, or for all."""
    chosen = organisations
    if chosen is None:
        chosen = list(Organisation.objects.order_by("kind", "slug"))
    sections = (
        ("organisations", _organisations(chosen)),
        ("people", _people(chosen)),
        ("teams", _teams(chosen)),
        ("contact_methods", _contact_methods(chosen)),
        ("notification_rules", _notification_rules(chosen)),
        ("calendars", _calendars(chosen)),
        ("schedules", _schedules(chosen)),
        ("overrides", _overrides(chosen)),
        ("policies", _policies(chosen)),
        ("routes", _routes(chosen)),
        ("regimes", regime_rows(chosen)),
        ("legal_profiles", profile_rows(chosen)),
        ("sources", _sources(chosen)),
        ("report_desks", desk_rows(chosen)),
        ("heartbeats", heartbeat_rows(chosen)),
        ("maintenance_windows", window_rows(chosen)),
        ("mailboxes", mailbox_rows(chosen)),
        ("witnesses", witness_rows(chosen)),
        ("watched_logs", watched_log_rows(chosen)),
        ("witness_groups", witness_group_rows(chosen)),
        ("retention_schedules", retention_rows(chosen)),
        ("time_stamp_authorities", authority_rows(chosen)),
    )
    items = [array_item(name, fields) for name, rows in sections for fields in rows]
    items += [table_item("quorum", fields) for fields in quorum_rows(chosen)]
    return HEADER + "\n".join(items)


Rows = Iterator[Mapping[str, Any]]


def _organisations(chosen: Sequence[Organisation]) -> Rows:
    rules = _second_person_rules(chosen)
    for row in chosen:
        yield {
            "slug": row.slug,
            "name": row.name,
            "kind": row.kind,
            "second_person": True if (row.pk, None) in rules else None,
        }


def _second_person_rules(
    chosen: Sequence[Organisation],
) -> set[tuple[int, int | None]]:
    rows = SecondPersonRule.objects.filter(organisation__in=chosen)
    return set(rows.values_list("organisation_id", "policy_id"))


def _people(chosen: Sequence[Organisation]) -> Rows:
    memberships = Membership.objects.filter(organisation__in=chosen, ended_at=None)
    people: dict[str, dict[str, Any]] = {}
    for one in memberships.select_related("organisation", "user").order_by(
        "user__email", "organisation__slug", "role"
    ):
        person = people.setdefault(
            one.user.email,
            {"email": one.user.email, "name": one.user.name or None, "roles": {}},
        )
        person["roles"].setdefault(one.organisation.slug, []).append(one.role)
    yield from people.values()


def _teams(chosen: Sequence[Organisation]) -> Rows:
    teams = Team.objects.filter(organisation__in=chosen).select_related("organisation")
    for team in teams.prefetch_related("members").order_by(
        "organisation__slug", "slug"
    ):
        yield {
            "organisation": team.organisation.slug,
            "slug": team.slug,
            "name": team.name,
            "members": sorted(user.email for user in team.members.all()),
        }


def _contact_methods(chosen: Sequence[Organisation]) -> Rows:
    methods = ContactMethod.objects.filter(organisation__in=chosen)
    for method in methods.select_related("organisation", "user").order_by("pk"):
        yield {
            "organisation": method.organisation.slug,
            "person": method.user.email if method.user else None,
            "slug": method.slug,
            "channel": method.channel,
            "address": method.address,
            "verified": True if method.verified_at else None,
            "enabled": False if method.disabled_at else None,
        }


def _notification_rules(chosen: Sequence[Organisation]) -> Rows:
    rows = NotificationRules.objects.filter(organisation__in=chosen)
    for row in rows.select_related("organisation", "user").order_by("pk"):
        yield {
            "organisation": row.organisation.slug,
            "person": row.user.email,
            **{name: getattr(row, name) for name in RULE_FIELDS},
        }


def _calendars(chosen: Sequence[Organisation]) -> Rows:
    calendars = WorkingCalendar.objects.filter(
        organisation__in=chosen, archived_at=None
    )
    for calendar in calendars.select_related("organisation").order_by("pk"):
        yield {
            "organisation": calendar.organisation.slug,
            "slug": calendar.slug,
            "name": calendar.name,
            "zone": calendar.zone,
            "hours": calendar.hours,
            "holidays_of": calendar.holidays_of or None,
            "closures": calendar.closures or None,
        }


def _schedules(chosen: Sequence[Organisation]) -> Rows:
    rows = Schedule.objects.in_use().filter(organisation__in=chosen)
    schedules = list(rows.select_related("organisation").order_by("pk"))
    drafts = drafts_of(schedules)
    for row in schedules:
        yield {
            "organisation": row.organisation.slug,
            "slug": row.slug,
            **schedule_to_body(drafts[row.pk]),
        }


def _overrides(chosen: Sequence[Organisation]) -> Rows:
    """Return what is not over; the reason may say why somebody is away and stays here."""
    rows = Override.objects.filter(
        organisation__in=chosen,
        cancelled_at=None,
        end_at__gt=Now(),
        schedule__archived_at=None,
    )
    rows = rows.select_related("organisation", "schedule", "replaces")
    for row in rows.prefetch_related("people").order_by("pk"):
        yield {
            "organisation": row.organisation.slug,
            "schedule": row.schedule.slug,
            "start_at": row.start_at.isoformat(),
            "end_at": row.end_at.isoformat(),
            "people": sorted(user.email for user in row.people.all()),
            "mode": row.mode,
            "replaces": row.replaces.email if row.replaces else None,
        }


def _policies(chosen: Sequence[Organisation]) -> Rows:
    rules = _second_person_rules(chosen)
    policies = Policy.objects.filter(organisation__in=chosen, archived_at=None)
    for policy in policies.select_related("organisation").order_by("pk"):
        version = policy.versions.approved().last() or policy.versions.first()
        if version is not None:
            yield {
                "organisation": policy.organisation.slug,
                "slug": policy.slug,
                "name": policy.name,
                "second_person": (
                    True if (policy.organisation_id, policy.pk) in rules else None
                ),
                **to_body(parse_policy(version.body)),
            }


def _routes(chosen: Sequence[Organisation]) -> Rows:
    routes = Route.objects.filter(organisation__in=chosen)
    for route in (
        routes.select_related("organisation", "policy")
        .prefetch_related("share_with")
        .order_by("organisation__slug", "is_default", "position")
    ):
        yield {
            "organisation": route.organisation.slug,
            "name": route.name,
            "default": True if route.is_default else None,
            "match": matchers_to_body(parse_matchers(route.matchers)) or None,
            "policy": route.policy.slug if route.policy else None,
            "share_with": sorted(a.slug for a in route.share_with.all()) or None,
        }


def _expiry(source: Source) -> int | None:
    usual = default_expiry(source.tool)
    minutes = source.expires_after_minutes
    return None if minutes == usual else minutes


def _sources(chosen: Sequence[Organisation]) -> Rows:
    sources = Source.objects.filter(organisation__in=chosen)
    for source in sources.select_related("organisation").order_by("pk"):
        yield {
            "organisation": source.organisation.slug,
            "slug": source.slug,
            "tool": source.tool,
            "name": source.name,
            "enabled": None if source.is_enabled else False,
            "resolves_incidents": None if source.resolves_incidents else False,
            "default_severity": source.default_severity,
            "default_category": source.default_category,
            "default_tlp": source.default_tlp,
            "mapping": source.mapping or None,
            "severity_map": source.severity_map or None,
            "group_by": source.group_by or None,
            "group_window_minutes": source.group_window_minutes or None,
            "expires_after_minutes": _expiry(source),
            "flap_changes": source.flap_changes or None,
            "flap_minutes": source.flap_minutes if source.flap_changes else None,
            "quiet_after_hours": source.quiet_after_hours or None,
            **_trust(source),
        }


def _trust(source: Source) -> dict[str, Any]:
    kind = source.verification
    return {
        "verification": kind if kind != "none" else None,
        "verification_options": {
            name: value for name, value in source.verification_options.items() if value
        }
        or None,
        "address_ranges": source.address_ranges or None,
    }
