"""Keep a person's notification rules, and load them for those who page."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from escalation.notifications.models import ContactMethod, NotificationRules
from escalation.notifications.rule_reading import RulesError, read_rules, rules_to_body
from escalation.notifications.rules import Rules
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.models import Organisation, User

FIELDS: Final = (
    *("normal", "urgent", "zone", "quiet", "digest_after", "digest_minutes"),
)


def save_rules(
    organisation: Organisation,
    user: User,
    body: Mapping[str, Any],
    *,
    actor: Actor,
    now: datetime,
) -> NotificationRules:
    """Set a person's rules as a whole. Raises BadInput with the place.

    Pages that are on their way keep their instants.
    """
    wanted = check_rules(body, methods=method_slugs(organisation, user))
    with recording(now):
        rows = NotificationRules.objects.select_for_update(no_key=True)
        row, is_new = rows.get_or_create(
            organisation=organisation, user=user, defaults=wanted
        )
        changed = [name for name in FIELDS if getattr(row, name) != wanted[name]]
        for name in changed:
            setattr(row, name, wanted[name])
        if changed:
            row.save(update_fields=changed)
        if is_new or changed:
            _record_change(row, "set" if is_new else "changed", changed, actor)
    return row


def forget_rules(row: NotificationRules, *, actor: Actor, now: datetime) -> None:
    """Remove a person's rules: they are paged by every method at once again."""
    with recording(now):
        count, _ = NotificationRules.objects.filter(pk=row.pk).delete()
        if count:
            _record_change(row, "removed", [], actor)


def check_rules(body: Mapping[str, Any], *, methods: Collection[str]) -> dict[str, Any]:
    """Return the columns of a row. Raises BadInput, also for a method they lack."""
    try:
        rules = read_rules(body)
    except RulesError as error:
        raise BadInput(error.field, error.value, error.remedy) from error
    for field, lines in (("normal", rules.normal), ("urgent", rules.urgent)):
        for number, line in enumerate(lines):
            if line.method not in methods:
                known = ", ".join(sorted(methods)) or "none: add a contact method first"
                place = f"{field}[{number}].method"
                raise BadInput(place, line.method, f"Name one of {known}.")
    return rules_to_body(rules)


def method_slugs(organisation: Organisation, user: User) -> set[str]:
    """Return the names of a person's contact methods that are not removed."""
    rows = ContactMethod.objects.filter(
        organisation=organisation, user=user, disabled_at=None
    )
    return set(rows.values_list("slug", flat=True))


def load_rules(
    organisation_ids: Collection[int], user_ids: Collection[int]
) -> dict[tuple[int, int], Rules]:
    """Return {(organisation id, user id): rules} of those who have any."""
    if not user_ids:
        return {}
    rows = NotificationRules.objects.filter(
        organisation__in=organisation_ids, user__in=user_ids
    )
    return {(row.organisation_id, row.user_id): rules_of(row) for row in rows}


def rules_of(row: NotificationRules) -> Rules:
    """Return the rules that a row holds."""
    return read_rules({name: getattr(row, name) for name in FIELDS})


def _record_change(
    row: NotificationRules, verb: str, changed: list[str], actor: Actor
) -> None:
    # When somebody sleeps is personal: the record names the fields only.
    record(
        "config.changed",
        organisation_id=row.organisation_id,
        actor=actor,
        body={"what": f"notification rules {verb}", "changes": changed},
    )
