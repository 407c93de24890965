"""Say which policies would reach nobody if a schedule were gone."""

from typing import Final

from escalation.policies.conditions import ON_CALL
from escalation.policies.mentions import names_in
from escalation.policies.models import Policy
from escalation.policies.steps import parse_policy
from escalation.policies.versions import versions_in_force

_KINDS: Final = frozenset({"schedule", "next_on_call", ON_CALL})


def policies_naming(organisation_id: int, slug: str) -> list[str]:
    """Return the names of the policies in use whose version in force names it."""
    rows = Policy.objects.filter(organisation_id=organisation_id, archived_at=None)
    names = dict(rows.order_by("name").values_list("pk", "name"))
    versions = versions_in_force(names)
    return [
        name
        for pk, name in names.items()
        if pk in versions
        and any(
            one.kind in _KINDS and one.name == slug
            for one in names_in(parse_policy(versions[pk].body))
        )
    ]
