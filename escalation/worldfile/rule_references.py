"""Check that notification rules name contact methods that their person has."""

from escalation.notifications.models import ContactMethod
from escalation.worldfile.problems import Problems
from escalation.worldfile.world import RulesSpec, World

Method = tuple[str, str, str]  # organisation, person, slug


def check_rules(world: World, problems: Problems) -> None:
    """Note every method that a person will not have once the file is applied."""
    if not world.notification_rules:
        return
    methods = _methods(world)
    for rules in world.notification_rules:
        _check(rules, methods, problems)


def _methods(world: World) -> set[Method]:
    stored = ContactMethod.objects.filter(disabled_at=None, user__isnull=False)
    columns = ("organisation__slug", "user__email", "slug")
    found = {(o, e, s) for o, e, s in stored.values_list(*columns)}
    for spec in world.contact_methods:
        method = (spec.organisation, spec.person, spec.slug)
        if spec.is_enabled:
            found.add(method)
        else:
            found.discard(method)
    return found


def _check(rules: RulesSpec, methods: set[Method], problems: Problems) -> None:
    for which in ("normal", "urgent"):
        for number, line in enumerate(rules.body.get(which, [])):
            name = line["method"]
            if (rules.organisation, rules.person, name) not in methods:
                message = f"{rules.person} has no contact method {name!r}. Add it."
                problems.add((*rules.path, which, number, "method"), message)
