"""Read, check, write and export own frameworks and legal profiles."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from escalation.lawbook.editing import RegimeDraft, check_text, save_regime
from escalation.lawbook.models import LegalProfile, RegimeText
from escalation.lawbook.profile_editing import (
    ProfileDraft,
    changes_of,
    check_profile,
    check_regimes,
    save_profile,
    stored_regimes,
)
from escalation.lawbook.registry import Registered, digest_of, regimes_of_many
from escalation.regimes.reading import read_regime
from escalation.worldfile.changes import Changes, named
from escalation.worldfile.known import Known
from escalation.worldfile.policy_references import check_member
from escalation.worldfile.problems import Problems
from escalation.worldfile.tables import Table
from escalation.worldfile.world import ProfileSpec, RegimeSpec, World
from escalation.worldfile.write_access import organisation_of
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.models import Organisation, OrganisationKind


def read_own_regime(table: Table) -> RegimeSpec:
    """Read one own framework; its text is TOML itself."""
    owner, given = table.slug("organisation"), table.raw("text", default="")
    text, regime_id = "", ""
    try:
        text, regime = check_text(given if isinstance(given, str) else "", owner=owner)
        regime_id = regime.id
    except BadInput as error:
        table.problems.add((*table.path, "text"), error.remedy)
    return RegimeSpec(
        path=table.path,
        organisation=owner,
        id=regime_id,
        text=text,
        reason=table.text("reason", default=""),
    )


def read_profile(table: Table) -> ProfileSpec:
    """Read one legal profile."""
    regimes = table.raw("regimes", default={})
    if not isinstance(regimes, dict):
        remedy = 'Write a table: { us-ca-sb53 = {}, eu-dora-19 = { zone = "…" } }.'
        table.problems.add((*table.path, "regimes"), remedy)
        regimes = {}
    return ProfileSpec(
        path=table.path,
        organisation=table.slug("organisation"),
        draft=ProfileDraft(
            regimes=regimes,
            accountable=table.email("accountable", default=""),
            deputy=table.email("deputy", default=""),
            policy=table.slug("policy", default=""),
        ),
    )


def check_laws(world: World, known: Known, problems: Problems) -> None:
    """Note frameworks of who is no lab, and profiles that name what is not there."""
    for regime in world.regimes:
        kind = known.kinds.get(regime.organisation, OrganisationKind.LAB)
        if kind != OrganisationKind.LAB:
            remedy = "Only a lab has a framework of its own. Leave it out."
            problems.add((*regime.path, "organisation"), remedy)
    for profile in world.legal_profiles:
        _check_profile(profile, world, known, problems)


def write_laws(world: World, changes: Changes) -> None:
    """Bring own frameworks and profiles to what the file says."""
    for regime in world.regimes:
        _write_regime(regime, changes)
    for profile in world.legal_profiles:
        _write_profile(profile, changes)


def regime_rows(chosen: Sequence[Organisation]) -> Iterator[Mapping[str, Any]]:
    """Yield the own frameworks of these organisations as the file says them."""
    rows = RegimeText.objects.filter(organisation__in=chosen, is_current=True)
    for row in rows.select_related("organisation").order_by("pk"):
        yield {
            "organisation": row.organisation.slug if row.organisation else None,
            "reason": row.reason or None,
            "text": row.text,
        }


def profile_rows(chosen: Sequence[Organisation]) -> Iterator[Mapping[str, Any]]:
    """Yield the legal profiles of these organisations as the file says them."""
    rows = LegalProfile.objects.filter(organisation__in=chosen)
    for row in rows.select_related(
        "organisation", "accountable", "deputy", "policy"
    ).order_by("pk"):
        yield {
            "organisation": row.organisation.slug,
            "regimes": row.regimes,
            "accountable": row.accountable.email if row.accountable else None,
            "deputy": row.deputy.email if row.deputy else None,
            "policy": row.policy.slug if row.policy else None,
        }


def _check_profile(
    spec: ProfileSpec, world: World, known: Known, problems: Problems
) -> None:
    owner, draft = spec.organisation, spec.draft
    if known.kinds.get(owner) == OrganisationKind.PLATFORM:
        remedy = "The platform's operator is under no duty to report. Leave it out."
        problems.add((*spec.path, "organisation"), remedy)
    for place in ("accountable", "deputy"):
        email = getattr(draft, place)
        if email:
            check_member((*spec.path, place), owner, email, known, problems)
    if draft.policy and (owner, draft.policy) not in known.policies:
        message = f"{owner} has no policy {draft.policy!r}. Add it."
        problems.add((*spec.path, "policy"), message)
    try:
        check_regimes(
            draft.regimes, _regimes_after(owner, world), stored_regimes(owner)
        )
    except BadInput as error:
        message = f"{error.value!r:.100} cannot be used. {error.remedy}"
        problems.add((*spec.path, *error.field.split(".")), message)


def _regimes_after(owner: str, world: World) -> dict[str, Registered]:
    """Return the regimes that an organisation can be under once the file is applied."""
    row = Organisation.objects.filter(slug=owner).first()
    known = regimes_of_many([row.pk] if row else [])
    found = dict(known[row.pk if row else None])
    for spec in world.regimes:
        if spec.organisation == owner and spec.text:
            regime = read_regime(spec.text, file=spec.id)
            found[spec.id] = Registered(regime, digest_of(spec.text), spec.text, None)
    return dict(sorted(found.items()))


def _write_regime(spec: RegimeSpec, changes: Changes) -> None:
    organisation = organisation_of(spec.organisation)
    rows = RegimeText.objects.filter(
        organisation=organisation, regime_id=spec.id, is_current=True
    )
    former = rows.first()
    made = save_regime(
        organisation,
        RegimeDraft(spec.text, spec.reason),
        user=None,
        actor=Actor.system(organisation),
        now=changes.now,
    )
    if former is None or former.pk != made.pk:
        what = "new" if former is None else "new text"
        line = named(f"regime {organisation.slug}/{spec.id}", [what])
        changes.add("+" if former is None else "~", line, organisation)


def _write_profile(spec: ProfileSpec, changes: Changes) -> None:
    organisation = organisation_of(spec.organisation)
    rows = LegalProfile.objects.select_related("accountable", "deputy", "policy")
    former = rows.filter(organisation=organisation).first()
    wanted = check_profile(organisation, spec.draft)
    differences = changes_of(former or LegalProfile(), wanted)
    if former is not None and not differences:
        return
    save_profile(
        organisation,
        spec.draft,
        actor=Actor.system(organisation),
        now=changes.now,
    )
    what = named(f"legal profile of {organisation.slug}", differences)
    changes.add("~" if former else "+", what, organisation)
