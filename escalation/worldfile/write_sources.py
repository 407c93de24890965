"""Write the monitoring tools that may post."""

from typing import Any

from escalation.worldfile.changes import Changes, named, set_fields
from escalation.worldfile.world import SourceSpec, World
from escalation.worldfile.write_access import organisation_of
from incidents.events.actor import Actor
from incidents.intake.receive import digest_of_key
from incidents.intake.sources import (
    CONTEXT,
    OPTIONS,
    SourceOptions,
    change_source,
    create_source,
    key_apart,
    source_url,
)
from incidents.intake.trust import change_trust
from incidents.ledger.keyring import seal_secret
from incidents.models import Organisation, Source


def write_sources(world: World, changes: Changes) -> None:
    """Bring the sources to what the file says."""
    for spec in world.sources:
        _write_source(spec, organisation_of(spec.organisation), changes)


def _write_source(
    spec: SourceSpec, organisation: Organisation, changes: Changes
) -> None:
    what = f"source {organisation.slug}/{spec.slug}"
    source = Source.objects.filter(organisation=organisation, slug=spec.slug).first()
    if source is None:
        source = _create(spec, organisation, changes)
        changes.add("+", f"{what} ({spec.tool})", organisation)
        _set_key(source, spec.key)
        _tell_key(what, source, changes)
        changes.secrets.append(f"address of {what}: {source_url(source)}")
        _set_trust(source, spec, changes)
        return
    differences = _change(source, spec, changes)
    differences += _set_trust(source, spec, changes)
    if _set_key(source, spec.key):
        differences.append("key")
        _tell_key(what, source, changes)
        changes.secrets.append(f"address of {what}: {source_url(source)}")
    if differences:
        changes.add("~", named(what, differences), organisation)


def _tell_key(what: str, source: Source, changes: Changes) -> None:
    """Tell the key where the address does not hold it."""
    if key := key_apart(source):
        changes.secrets.append(f"key of {what}: {key}")


def _create(spec: SourceSpec, organisation: Organisation, changes: Changes) -> Source:
    source, _ = create_source(
        organisation,
        tool=spec.tool,
        slug=spec.slug,
        name=spec.name,
        options=SourceOptions(**_options(spec)),
        actor=Actor.system(organisation),
        now=changes.now,
    )
    return source


def _change(source: Source, spec: SourceSpec, changes: Changes) -> list[str]:
    wanted = {"name": spec.name, **_options(spec)}
    differences = set_fields(Source.objects.get(pk=source.pk), wanted)
    if differences:
        actor = Actor.system(source.organisation)
        change_source(source, changes=wanted, actor=actor, now=changes.now)
    return differences


def _options(spec: SourceSpec) -> dict[str, Any]:
    options = {name: getattr(spec, name) for name in OPTIONS}
    # As the columns hold them: JSON knows no tuple.
    told = {"mapping": dict(spec.mapping), "group_by": list(spec.group_by)}
    return {**options, **told}


def _set_trust(source: Source, spec: SourceSpec, changes: Changes) -> list[str]:
    """Ask of senders what the file says; a secret that is made is shown once."""
    before = (source.verification, source.trust_version)
    wanted = {
        "verification": spec.verification,
        "options": dict(spec.verification_options),
        "address_ranges": list(spec.address_ranges),
        **({"secret": spec.secret} if spec.secret else {}),
    }
    actor = Actor.system(source.organisation)
    secret = change_trust(source, changes=wanted, actor=actor, now=changes.now)
    if secret:
        what = f"source {spec.organisation}/{spec.slug}"
        changes.secrets.append(f"secret of {what}: {secret}")
    if before == (source.verification, source.trust_version):
        return []
    return [f"proof of senders {before[0]} → {source.verification}"]


def _set_key(source: Source, key: str) -> bool:
    """Give the source the key of the file, if that names one and it is another."""
    digest = digest_of_key(key)
    if not key or bytes(source.key_digest) == digest:
        return False
    source.key_digest = digest
    source.key_sealed = seal_secret(key.encode("ascii"), context=CONTEXT)
    source.save(update_fields=["key_digest", "key_sealed"])
    return True
