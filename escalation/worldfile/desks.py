"""Read, check and export who takes anonymous reports."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from escalation.worldfile.known import Known
from escalation.worldfile.policy_references import check_member
from escalation.worldfile.problems import Problems
from escalation.worldfile.tables import Table
from escalation.worldfile.world import ReportDeskSpec, World
from incidents.anonymous.desks import handlers_of
from incidents.models import Organisation, OrganisationKind, ReportDesk


def read_desk(table: Table) -> ReportDeskSpec:
    """Read one desk; its list of handlers is complete."""
    return ReportDeskSpec(
        path=table.path,
        organisation=table.slug("organisation"),
        handlers=tuple(email.lower() for email in table.texts("handlers")),
        is_open=table.flag("open", default=True),
        takes_all=table.flag("takes_all", default=False),
    )


def check_desks(world: World, known: Known, problems: Problems) -> None:
    """Note handlers who are not there, and desks that cannot be."""
    for desk in world.report_desks:
        for index, email in enumerate(desk.handlers):
            path = (*desk.path, "handlers", index)
            check_member(path, desk.organisation, email, known, problems)
        kind = known.kinds.get(desk.organisation)
        if kind == OrganisationKind.PLATFORM:
            remedy = "The platform's operator reads no reports. Leave it out."
            problems.add((*desk.path, "organisation"), remedy)
        elif desk.takes_all and kind != OrganisationKind.AGENCY:
            remedy = "Only an agency takes all reports. Leave it out."
            problems.add((*desk.path, "takes_all"), remedy)
    _check_one_takes_all(world, problems)


def desk_rows(chosen: Sequence[Organisation]) -> Iterator[Mapping[str, Any]]:
    """Yield the desks of these organisations as the file says them."""
    handlers: dict[int, list[str]] = {}
    for row in handlers_of([organisation.pk for organisation in chosen]):
        handlers.setdefault(row.organisation_id, []).append(row.user.email)
    desks = ReportDesk.objects.filter(organisation__in=chosen)
    for desk in desks.select_related("organisation").order_by("pk"):
        yield {
            "organisation": desk.organisation.slug,
            "handlers": sorted(handlers.get(desk.organisation_id, [])),
            "open": None if desk.is_open else False,
            "takes_all": True if desk.takes_all else None,
        }


def _check_one_takes_all(world: World, problems: Problems) -> None:
    said = {desk.organisation: desk for desk in world.report_desks}
    stored = ReportDesk.objects.filter(takes_all=True)
    others = set(stored.values_list("organisation__slug", flat=True)) - said.keys()
    takers = [desk for desk in world.report_desks if desk.takes_all]
    for desk in takers if others else takers[1:]:
        other = next(iter(others), takers[0].organisation)
        message = f"{other} takes all reports already. Write false for one of them."
        problems.add((*desk.path, "takes_all"), message)
