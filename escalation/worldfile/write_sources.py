"""Write the monitoring tools that may post."""

import secrets
from typing import Any

from django.conf import settings

from escalation.worldfile.changes import Changes, named, set_fields
from escalation.worldfile.world import SourceSpec, World
from escalation.worldfile.write_access import organisation_of
from incidents.intake.receive import digest_of_key
from incidents.ledger.keyring import seal_secret
from incidents.models import Source

SECRET_CONTEXT = "source"  # noqa: S105 - the name of a purpose
KEY_BYTES = 24


def write_sources(world: World, changes: Changes) -> None:
    """Bring the sources to what the file says; the tool of one never changes."""
    for source in world.sources:
        _write_source(source, changes)


def _write_source(spec: SourceSpec, changes: Changes) -> None:
    organisation = organisation_of(spec.organisation)
    what = f"source {organisation.slug}/{spec.slug}"
    row = Source.objects.filter(organisation=organisation, slug=spec.slug).first()
    if row is None:
        row = Source(organisation=organisation, slug=spec.slug, **_wanted(spec))
        _set_key(row, spec.key or secrets.token_urlsafe(KEY_BYTES), what, changes)
        row.save()
        changes.add("+", f"{what} ({spec.tool})", organisation)
        return
    differences = set_fields(row, _wanted(spec))
    if spec.key and bytes(row.key_digest) != digest_of_key(spec.key):
        _set_key(row, spec.key, what, changes)
        differences.append("key")
    if differences:
        row.save()
        changes.add("~", named(what, differences), organisation)


def _wanted(spec: SourceSpec) -> dict[str, Any]:
    return {
        "tool": spec.tool,
        "name": spec.name,
        "is_enabled": spec.is_enabled,
        "resolves_incidents": spec.resolves_incidents,
        "default_severity": spec.default_severity,
        "default_category": spec.default_category,
        "default_tlp": spec.default_tlp,
        "mapping": dict(spec.mapping),
    }


def _set_key(row: Source, key: str, what: str, changes: Changes) -> None:
    row.key_digest = digest_of_key(key)
    row.key_sealed = seal_secret(key.encode(), context=SECRET_CONTEXT)
    address = f"{settings.BASE_URL}/hooks/{row.tool}/{key}"
    changes.secrets.append(f"address of {what}: {address}")
