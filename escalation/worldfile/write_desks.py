"""Write who takes and reads anonymous reports."""

from escalation.worldfile.changes import Changes, named
from escalation.worldfile.world import ReportDeskSpec, World
from escalation.worldfile.write_access import organisation_of
from incidents.anonymous.desks import DeskDraft, handlers_of, save_desk
from incidents.events.actor import Actor
from incidents.models import Organisation, ReportDesk


def write_desks(world: World, changes: Changes) -> None:
    """Bring the desks to what the file says; each list of handlers is complete."""
    # Who ends taking all reports goes before who begins.
    for spec in sorted(world.report_desks, key=lambda desk: desk.takes_all):
        _write_desk(spec, organisation_of(spec.organisation), changes)


def _write_desk(
    spec: ReportDeskSpec, organisation: Organisation, changes: Changes
) -> None:
    desk = ReportDesk.objects.filter(organisation=organisation).first()
    handlers = {row.user.email for row in handlers_of([organisation.pk])}
    before = (desk.is_open, desk.takes_all) if desk else None
    differences = [f"+ {email}" for email in sorted(set(spec.handlers) - handlers)]
    differences += [f"- {email}" for email in sorted(handlers - set(spec.handlers))]
    if before not in (None, (spec.is_open, spec.takes_all)):
        differences.append(f"open {spec.is_open}, takes all {spec.takes_all}")
    if desk is not None and not differences:
        return
    draft = DeskDraft(
        handlers=spec.handlers, is_open=spec.is_open, takes_all=spec.takes_all
    )
    save_desk(organisation, draft, actor=Actor.system(organisation), now=changes.now)
    what = f"desk for anonymous reports of {organisation.slug}"
    changes.add("~" if desk else "+", named(what, differences), organisation)
