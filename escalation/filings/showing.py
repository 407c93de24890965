"""Say what a filing looks like to one side: the lab sees all, an agency its own part."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from escalation.duties.delays.lookup import visible_notices
from escalation.duties.delays.models import DelayNotice
from escalation.filings.access import FilingSeen
from escalation.filings.exchange_models import FilingRemark, FilingRequest
from escalation.filings.knowing import amended_for
from escalation.filings.laws import law_of
from escalation.filings.models import (
    Filing,
    FilingRecipient,
    FilingState,
    FilingVersion,
    RecipientState,
)
from escalation.filings.punctuality import is_late
from escalation.filings.reading import needs_of, newest_version, sections_of, stage_of
from escalation.filings.request_showing import Waiting, requests_on, waiting_for
from escalation.filings.sections import Missing, Section, digest_of, missing, shown_to
from escalation.filings.submitting import OPEN
from escalation.regimes.regime import Regime, Stage


@dataclass(frozen=True, slots=True)
class ShownRecipient:
    """One authority and the duty under which it gets the filing."""

    row: FilingRecipient
    regime: Regime
    stage: Stage
    is_late: bool | None

    @property
    def waiting(self) -> Waiting:
        """The requests that the lab has to answer. Requires them to be prefetched."""
        return waiting_for(self.row.requests.all())


@dataclass(frozen=True, slots=True)
class ShownSection:
    """One field with its answer, who reads it, and what was remarked on it."""

    section: Section
    needed_by: tuple[str, ...]
    lack: str
    audience: tuple[str, ...]
    remarks: tuple[FilingRemark, ...]


@dataclass(frozen=True, slots=True)
class ShownFiling:
    """A filing as one side sees it now."""

    seen: FilingSeen
    version: FilingVersion
    sections: tuple[ShownSection, ...]
    recipients: tuple[ShownRecipient, ...]
    missing: tuple[Missing, ...]
    remarks: tuple[FilingRemark, ...]
    requests: tuple[FilingRequest, ...]
    amends: Filing | None
    notices: tuple[DelayNotice, ...] = ()

    @property
    def sha256(self) -> str:
        """The digest of what this side sees."""
        if self.seen.is_own:
            return self.version.sha256
        return digest_of(
            (one.section for one in self.sections),
            ref=self.seen.filing.ref,
            number=self.version.number,
        )

    @property
    def waits_for_nobody(self) -> bool:
        """Whether its lab holds a version that no authority is to get any more."""
        state = self.seen.filing.state
        is_held = state not in (FilingState.SUBMITTED, FilingState.WITHDRAWN)
        is_wanted = any(one.row.state in OPEN for one in self.recipients)
        return self.seen.is_own and is_held and not is_wanted

    @property
    def worked_on(self) -> FilingRecipient:
        """The part that an agency reads here and acts on."""
        return self.recipients[-1].row

    @property
    def open_requests(self) -> list[FilingRequest]:
        """The requests that are to be answered."""
        return [one for one in self.requests if one.is_open]


def shown_filing(
    seen: FilingSeen, *, version: FilingVersion | None = None
) -> ShownFiling:
    """Return the filing: what was sent to an agency; to its lab a version or the newest."""
    rows = list(seen.recipients)
    if seen.is_own:
        version = version or newest_version(seen.filing)
        amends = seen.filing.amends
        sections = sections_of(version, rows)
    else:
        version, amends = _sent(rows[-1]), amended_for(rows[-1], by=None)
        sections = shown_to(sections_of(version, rows), rows[-1].audience_key)
        # What was given on is another's; what else it has, it still works on.
        rows = [*filter(_is_kept, rows[:-1]), rows[-1]]
    needs = needs_of(rows if seen.is_own else rows[-1:])
    lacks = missing(sections, needs)
    remarks = _remarks(rows)
    return ShownFiling(
        seen=seen,
        version=version,
        sections=tuple(
            _shown_section(one, needs, lacks, rows, remarks) for one in sections
        ),
        recipients=tuple(shown_recipient(row) for row in rows),
        missing=tuple(lacks),
        remarks=tuple(remarks),
        requests=requests_on(rows),
        amends=amends,
        notices=_notices(seen),
    )


def _notices(seen: FilingSeen) -> tuple[DelayNotice, ...]:
    """Return what was told of delays on the incident, to or by this side."""
    rows = visible_notices(seen.filing.incident, [seen.side]).select_related("clock")
    return tuple(rows.order_by("pk"))


def shown_recipient(row: FilingRecipient) -> ShownRecipient:
    """Return a recipient with the law under which it gets the filing."""
    law = law_of(row.organisation_id, row.regime_id, row.regime_digest)
    return ShownRecipient(row, law.regime, stage_of(row), is_late(row))


def _is_kept(recipient: FilingRecipient) -> bool:
    return recipient.state != RecipientState.TRANSFERRED


def _sent(recipient: FilingRecipient) -> FilingVersion:
    assert recipient.version is not None  # noqa: S101  an agency sees only what was sent
    return recipient.version


def _remarks(rows: Iterable[FilingRecipient]) -> list[FilingRemark]:
    found = FilingRemark.objects.filter(recipient__in=list(rows))
    return list(found.select_related("organisation", "version", "author"))


def _shown_section(
    section: Section,
    needs: Mapping[str, Sequence[str]],
    lacks: Sequence[Missing],
    rows: Sequence[FilingRecipient],
    remarks: Sequence[FilingRemark],
) -> ShownSection:
    # A part that was given on reads under the key of who gave it.
    names = {row.audience_key: row.name for row in rows}
    names |= {row.key: row.name for row in rows}
    return ShownSection(
        section=section,
        needed_by=tuple(
            names[key] for key, fields in needs.items() if section.field in fields
        ),
        lack=next((one.why for one in lacks if one.field == section.field), ""),
        audience=tuple(names.get(key, key) for key in section.audience),
        remarks=tuple(one for one in remarks if one.field == section.field),
    )
