"""Read, check, write and export where organisations take mail."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from escalation.worldfile.changes import Changes, named
from escalation.worldfile.known import Known
from escalation.worldfile.problems import Problems
from escalation.worldfile.tables import Table
from escalation.worldfile.world import MailboxSpec, World
from escalation.worldfile.write_access import organisation_of
from incidents.events.actor import Actor
from incidents.incident.severity import SEVERITIES
from incidents.incident.taxonomy import CATEGORY_CHOICES
from incidents.incident.tlp import Tlp
from incidents.mail.addresses import address_of
from incidents.mail.mailboxes import OPTIONS, MailboxDraft, save_mailbox
from incidents.models import Mailbox, Organisation, OrganisationKind


def read_mailbox(table: Table) -> MailboxSpec:
    """Read one mailbox."""
    categories = [code for code, _ in CATEGORY_CHOICES]
    usual = MailboxDraft()
    return MailboxSpec(
        path=table.path,
        organisation=table.slug("organisation"),
        draft=MailboxDraft(
            is_open=table.flag("open", default=True),
            default_category=table.choice(
                "default_category", categories, default=usual.default_category
            ),
            default_severity=table.level(
                "default_severity",
                low=0,
                high=SEVERITIES[-1].level,
                default=usual.default_severity,
            ),
            default_tlp=table.choice(
                "default_tlp", list(Tlp), default=usual.default_tlp
            ),
        ),
    )


def check_mailboxes(world: World, known: Known, problems: Problems) -> None:
    """Note mailboxes that cannot be."""
    for box in world.mailboxes:
        if known.kinds.get(box.organisation) == OrganisationKind.PLATFORM:
            remedy = "The platform's operator takes no reports. Leave it out."
            problems.add((*box.path, "organisation"), remedy)


def write_mailboxes(world: World, changes: Changes) -> None:
    """Bring the mailboxes to what the file says; a new address is printed."""
    for spec in world.mailboxes:
        organisation = organisation_of(spec.organisation)
        box = Mailbox.objects.filter(organisation=organisation).first()
        differences = _differences(box, spec.draft)
        if box is not None and not differences:
            continue
        actor = Actor.system(organisation)
        saved = save_mailbox(organisation, spec.draft, actor=actor, now=changes.now)
        changes.add(
            "~" if box else "+",
            named(f"mailbox of {organisation.slug}", differences),
            organisation,
        )
        if box is None:
            # The line above is recorded; the address holds a secret.
            changes.secrets.append(f"mailbox {organisation.slug}: {address_of(saved)}")


def mailbox_rows(chosen: Sequence[Organisation]) -> Iterator[Mapping[str, Any]]:
    """Yield the mailboxes of these organisations as the file says them."""
    rows = Mailbox.objects.filter(organisation__in=chosen)
    for row in rows.select_related("organisation").order_by("pk"):
        yield {
            "organisation": row.organisation.slug,
            "open": None if row.is_open else False,
            "default_category": row.default_category,
            "default_severity": row.default_severity,
            "default_tlp": row.default_tlp,
        }


def _differences(box: Mailbox | None, draft: MailboxDraft) -> list[str]:
    if box is None:
        return ["opened"]
    return [
        f"{name} {getattr(box, name)} → {getattr(draft, name)}"
        for name in OPTIONS
        if getattr(box, name) != getattr(draft, name)
    ]
