"""Read, check, write and export authorities that stamp the log's heads with the time.

They belong to the platform; what a file leaves out goes on. Nobody is asked while a file
is applied: a file must be applicable where no authority can be reached.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from escalation.stamps.asking import password_of
from escalation.stamps.editing import (
    MAX_MINUTES,
    MIN_MINUTES,
    AuthorityDraft,
    add_authority,
    change_authority,
    check_authority,
    draft_of,
)
from escalation.worldfile.changes import Changes, named
from escalation.worldfile.known import Known
from escalation.worldfile.problems import Problems
from escalation.worldfile.tables import Table
from escalation.worldfile.world import AuthoritySpec, World
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.models import Organisation, OrganisationKind, TimeStampAuthority

_NO_PLATFORM: Final = (
    "Time stamps belong to an organisation of kind platform; name one first."
)
_FIELDS: Final = (
    "address",
    "certificates",
    "policy",
    "username",
    "every_minutes",
    "is_active",
)


def read_authority(table: Table) -> AuthoritySpec:
    """Read one authority."""
    minutes = table.level(
        "every_minutes", low=MIN_MINUTES, high=MAX_MINUTES, default=60
    )
    draft = AuthorityDraft(
        slug=table.slug("slug"),
        address=table.text("address"),
        certificates=table.text("certificates"),
        policy=table.text("policy", default=""),
        username=table.text("username", default=""),
        password=table.text("password", default=""),
        every_minutes=minutes,
        is_active=table.flag("active", default=True),
    )
    return AuthoritySpec(path=table.path, draft=draft)


def check_authorities(world: World, known: Known, problems: Problems) -> None:
    """Note authorities that cannot be."""
    specs = world.time_stamp_authorities
    if specs and OrganisationKind.PLATFORM not in known.kinds.values():
        problems.add(specs[0].path, _NO_PLATFORM)
    for spec in specs:
        try:
            check_authority(spec.draft)
        except BadInput as error:
            problems.add((*spec.path, error.field), error.remedy)


def write_authorities(world: World, changes: Changes) -> None:
    """Bring the authorities to what the file says."""
    if not world.time_stamp_authorities:
        return
    platforms = Organisation.objects.filter(kind=OrganisationKind.PLATFORM)
    platform = platforms.order_by("pk")[0]
    for spec in world.time_stamp_authorities:
        _write(check_authority(spec.draft), platform, changes)


def _write(draft: AuthorityDraft, platform: Organisation, changes: Changes) -> None:
    row = TimeStampAuthority.objects.filter(slug=draft.slug).first()
    how: dict[str, Any] = {
        "actor": Actor.system(platform),
        "now": changes.now,
        "is_tried": False,
    }
    if row is None:
        add_authority(draft, **how)
        said = ["added"]
    else:
        before = draft_of(row)
        said = [one for one in _FIELDS if getattr(draft, one) != getattr(before, one)]
        if draft.password and draft.password != password_of(row):
            said.append("password")
        if not said:
            return
        # The present user's password goes along: only another user or place needs it.
        names = {*said, "password"}
        change_authority(row, {name: getattr(draft, name) for name in names}, **how)
    what = named(f"time stamps by {draft.slug}", said)
    changes.add("~" if row else "+", what, platform)
    changes.notes.append(
        f"time stamps by {draft.slug} were not tried; /time-stamps/ says within minutes"
        " whether they can be verified"
    )


def authority_rows(chosen: Sequence[Organisation]) -> Iterator[Mapping[str, Any]]:
    """Yield the authorities as the file says them, where the platform is among these."""
    if not any(one.kind == OrganisationKind.PLATFORM for one in chosen):
        return
    for row in TimeStampAuthority.objects.all():
        draft = draft_of(row)
        yield {
            "slug": draft.slug,
            "address": draft.address,
            "certificates": draft.certificates,
            "policy": draft.policy or None,
            "username": draft.username or None,
            "every_minutes": draft.every_minutes,
            "active": None if draft.is_active else False,
        }
