"""Write how people are paged, after the contact methods that their rules name."""

from escalation.notifications.models import NotificationRules
from escalation.worldfile.changes import Changes, named, set_fields
from escalation.worldfile.world import RulesSpec, World
from escalation.worldfile.write_access import organisation_of
from incidents.models import User


def write_rules(world: World, changes: Changes) -> None:
    """Bring the rules of the people that the file names to what it says."""
    for spec in world.notification_rules:
        _write_rules(spec, changes)


def _write_rules(spec: RulesSpec, changes: Changes) -> None:
    organisation = organisation_of(spec.organisation)
    user = User.objects.get(email=spec.person)
    what = f"notification rules {organisation.slug} of {spec.person}"
    row = NotificationRules.objects.filter(organisation=organisation, user=user).first()
    if row is None:
        NotificationRules.objects.create(
            organisation=organisation, user=user, **spec.body
        )
        changes.add("+", what, organisation)
        return
    # When somebody sleeps is personal: the line names the fields only.
    if set_fields(row, spec.body):
        row.save()
        changes.add("~", named(what, ["changed"]), organisation)
