"""Read what statutory clocks rest on: for many places in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from escalation.duties.delays.loading import extensions_of
from escalation.duties.delays.moving import Extended
from escalation.duties.looking import Place
from escalation.duties.merged import Merges
from escalation.duties.models import (
    AssessmentAnswer,
    Decision,
    StatutoryClock,
    Verdict,
)
from escalation.duties.plan import Key
from escalation.duties.requests import AuthorityRequest, is_request, requests_on
from escalation.duties.time_record import TimeRecord, anchors_of_many
from escalation.duties.wanted import AUTHORITY, REPORTER, Duty, Submission
from escalation.lawbook.profiles import Profile, Watched, place_of, profiles_of
from escalation.lawbook.registry import (
    Known,
    Named,
    Registered,
    regimes_of_many,
    texts_of_many,
)
from escalation.regimes.answers import (
    met_limbs,
    questions_of,
    ruled_out_limbs,
    settle,
)
from escalation.regimes.deadlines import Place as Location
from escalation.regimes.questions import shipped_questions
from escalation.regimes.regime import SUBMITTED, Regime
from incidents.models import Incident, Organisation, OrganisationKind, Share, Status

log = structlog.get_logger(__name__)

_REFERENCE_SIGNS: Final = 40
MERGED: Final = "merged into another incident"
# Who does not see an incident any more is told nothing of it either.
UNSHARED: Final = "no longer shared"
_NOTHING: Final = TimeRecord()
# For a law of which no text is left: nothing is counted there.
_NOWHERE: Final = Location(ZoneInfo("UTC"), "")


class UnreadableText(Exception):
    """What a law says is stored and cannot be read."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What the clocks of some places rest on.

    `unread` are the laws of a place that could not be read: their clocks stay as they are.
    `requests` are those of authorities, be their law watched or not.
    """

    incidents: Mapping[int, Incident]
    organisations: Mapping[int, Organisation]
    profiles: Mapping[int, Profile]
    duties: Mapping[Place, Sequence[Duty]]
    unread: Mapping[Place, Collection[str]]
    texts: Mapping[Named, Registered]
    requests: Mapping[Place, Sequence[AuthorityRequest]]

    @classmethod
    def load(
        cls,
        places: Collection[Place],
        clocks: Mapping[Place, Sequence[StatutoryClock]],
        *,
        renewed: Collection[int] = (),
    ) -> "Basis":
        """Read it for places whose clocks, current or not, are given.

        Those of `renewed` take the present text, whatever they ran by.
        """
        incident_ids = {incident_id for incident_id, _ in places}
        owners = {organisation_id for _, organisation_id in places}
        rows = Incident.objects.select_related("organisation").defer("search")
        incidents = rows.in_bulk(incident_ids)
        read = _Read(
            incidents=incidents,
            organisations=Organisation.objects.in_bulk(owners),
            profiles=profiles_of(owners),
            known=regimes_of_many(owners),
            texts=texts_of_many(_named(clocks)),
            records=anchors_of_many(incident_ids),
            decisions=_decisions(incident_ids),
            answers=_answers(incident_ids),
            shared=_shared(places),
            merges=Merges.load(incidents),
            extensions=extensions_of(incident_ids),
            renewed=renewed,
        )
        duties: dict[Place, Sequence[Duty]] = {}
        unread: dict[Place, Collection[str]] = {}
        for place in places:
            duties[place], unread[place] = read.duties(place, clocks.get(place, ()))
        return cls(
            read.incidents,
            read.organisations,
            read.profiles,
            duties,
            unread,
            read.texts,
            _requests(incident_ids),
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """The rows, by what they belong to."""

    incidents: Mapping[int, Incident]
    organisations: Mapping[int, Organisation]
    profiles: Mapping[int, Profile]
    known: Mapping[int | None, Known]
    texts: Mapping[Named, Registered]
    records: Mapping[Place, TimeRecord]
    decisions: Mapping[Place, Mapping[str, Decision]]
    answers: Mapping[Place, Mapping[str, str]]
    shared: Collection[Place]
    merges: Merges
    extensions: Mapping[Place, Mapping[Key, Sequence[Extended]]]
    renewed: Collection[int]

    def duties(
        self, place: Place, clocks: Sequence[StatutoryClock]
    ) -> tuple[list[Duty], set[str]]:
        """Return what is known of each law that may want something, or did.

        Also the laws of which that could not be said.
        """
        there = {clock.regime_id for clock in clocks}
        watched = self._watched(place, there)
        found, unread = [], set()
        for regime_id in sorted(watched.keys() | there):
            try:
                duty = self._duty(place, regime_id, watched.get(regime_id), clocks)
            except Exception as error:
                log_uncounted(regime_id, place, error)
                unread.add(regime_id)
            else:
                found.append(duty)
        return found, unread

    def _watched(self, place: Place, there: Collection[str]) -> dict[str, Watched]:
        """Return the laws that a lab watches, or under which an agency was reported to.

        Also those of which the text cannot be read. A lab's own framework is no law that
        an agency has duties under: it is not known there.
        """
        owner = place[1]
        profile = self.profiles[owner]
        names: Collection[str] = profile.regimes
        if self._side(owner) == AUTHORITY:
            values = self.records.get(place, _NOTHING).values
            named = {v.regime_id for v in values if v.name.startswith(SUBMITTED)}
            names = named & (self.known[owner].keys() | there)
        return {name: profile.regimes.get(name, Watched()) for name in names}

    def _side(self, owner: int) -> str:
        is_agency = self.organisations[owner].kind == OrganisationKind.AGENCY
        return AUTHORITY if is_agency else REPORTER

    def _duty(
        self,
        place: Place,
        regime_id: str,
        watched: Watched | None,
        clocks: Sequence[StatutoryClock],
    ) -> Duty:
        kept = {
            clock.stage: clock.regime_digest
            for clock in clocks
            if clock.regime_id == regime_id
            and not clock.is_provisional
            and not is_request(clock.stage)
            and clock.pk not in self.renewed
        }
        current = self._current(place, regime_id) if watched is not None else None
        found = self._texts(place, regime_id, kept.values())
        if current:
            found[current.digest] = current
        laid = current or next(iter(found.values()), None)
        decision = self.decisions.get(place, {}).get(regime_id)
        answers = self.answers.get(place, {})
        record = self.records.get(place, _NOTHING)
        news = _met_since(decision, laid.regime, answers) if laid else frozenset()
        merged = self.merges.yes_of(place, regime_id, decision)
        return Duty(
            regime_id=regime_id,
            texts={digest: one.regime for digest, one in found.items()},
            current=current.digest if current else "",
            place=place_of(laid, watched or Watched()) if laid else _NOWHERE,
            anchors=record.under(regime_id),
            side=self._side(place[1]),
            verdict=_verdict(decision, is_news=bool(news) or merged is not None),
            met=news.union(decision.limbs if decision else ()),
            ruled_out={
                digest: _ruled_out(one.regime, answers) - (merged or frozenset())
                for digest, one in found.items()
            },
            kept=kept,
            submissions=_submissions(record, regime_id),
            ended_because=self._ended(place),
            extensions=self.extensions.get(place, {}),
        )

    def _current(self, place: Place, regime_id: str) -> Registered:
        found = self.known[place[1]].get(regime_id)
        if found is None:
            raise UnreadableText(regime_id)
        return found

    def _texts(
        self, place: Place, regime_id: str, digests: Collection[str]
    ) -> dict[str, Registered]:
        named = ((place[1], regime_id, digest) for digest in digests)
        return {one[2]: self.texts[one] for one in named if one in self.texts}

    def _ended(self, place: Place) -> str:
        incident = self.incidents[place[0]]
        is_merged = incident.status == Status.MERGED
        if is_merged and self.merges.took_along(incident, place[1]):
            return MERGED
        is_owner = incident.organisation_id == place[1]
        return "" if is_owner or place in self.shared else UNSHARED


def log_uncounted(regime_id: str, place: Place, error: Exception) -> None:
    """Say that one law's clocks stay as they are. Nothing of the incident is said."""
    log.error(
        "statutory_clocks_not_counted",
        regime=regime_id,
        incident=place[0],
        error=type(error).__name__,
    )


def _named(clocks: Mapping[Place, Sequence[StatutoryClock]]) -> set[Named]:
    return {
        (clock.organisation_id, clock.regime_id, clock.regime_digest)
        for found in clocks.values()
        for clock in found
    }


def _verdict(decision: Decision | None, *, is_news: bool) -> str:
    """Return what was decided; a *no* does not stand against what is met since.

    That is a limb by an answer, or what two people found on a merged incident.
    """
    if decision is None or (is_news and decision.verdict == Verdict.NOT_REPORTABLE):
        return ""
    return decision.verdict


def _met_since(
    decision: Decision | None, regime: Regime, answers: Mapping[str, str]
) -> frozenset[str]:
    """Return the limbs that are met by the answers now, and were not at the decision.

    A death after the decision on an injury is due at once, not when somebody has decided
    anew. What was answered before, the deciders had before them.
    """
    if decision is None or not answers or decision.facts == answers:
        return frozenset()
    questions = questions_of(regime, shipped_questions())
    before = met_limbs(regime, settle(questions, decision.facts))
    return frozenset(met_limbs(regime, settle(questions, answers)) - before)


def _ruled_out(regime: Regime, answers: Mapping[str, str]) -> frozenset[str]:
    """Return the limbs that the answers of the assessment exclude."""
    if not answers:
        return frozenset()
    said = settle(questions_of(regime, shipped_questions()), answers)
    return frozenset(ruled_out_limbs(regime, said))


def _submissions(
    record: TimeRecord, regime_id: str
) -> dict[str, tuple[Submission, ...]]:
    """Return what was submitted by stage, the first submission first."""
    return {
        name.removeprefix(SUBMITTED): tuple(
            Submission(value.at, value.source[:_REFERENCE_SIGNS]) for value in values
        )
        for name, values in record.counting(regime_id).items()
        if name.startswith(SUBMITTED)
    }


def _decisions(incident_ids: Collection[int]) -> dict[Place, dict[str, Decision]]:
    """Return the last decisions that a second person has confirmed.

    One stays in force until its successor is confirmed: nobody undoes it alone.
    """
    rows = Decision.objects.filter(
        incident__in=incident_ids, confirmed_at__isnull=False
    )
    found: dict[Place, dict[str, Decision]] = defaultdict(dict)
    for row in rows.order_by("pk"):
        found[row.incident_id, row.organisation_id][row.regime_id] = row
    return found


def _answers(incident_ids: Collection[int]) -> dict[Place, dict[str, str]]:
    rows = AssessmentAnswer.objects.filter(incident__in=incident_ids, is_current=True)
    found: dict[Place, dict[str, str]] = defaultdict(dict)
    for row in rows:
        found[row.incident_id, row.organisation_id][row.question] = row.said
    return found


def _shared(places: Collection[Place]) -> set[Place]:
    """Return at which of these places an agency sees the incident now."""
    rows = Share.objects.filter(
        incident__in={incident_id for incident_id, _ in places},
        agency__in={organisation_id for _, organisation_id in places},
        unshared_at=None,
    )
    return set(rows.values_list("incident_id", "agency_id"))


def _requests(incident_ids: Collection[int]) -> dict[Place, list[AuthorityRequest]]:
    found: dict[Place, list[AuthorityRequest]] = defaultdict(list)
    for request in requests_on(incident_ids):
        found[request.place].append(request)
    return found
