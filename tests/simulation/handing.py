"""What people do to a run: put it off, pass it on, give it away, hand it over.

As in `acts`, each is a production call with the simulator's instant, and may be refused.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from escalation.models import Notification, Policy, Run
from escalation.notifications.consequences import ask_to_pass_on
from escalation.notifications.models import NotificationStatus
from escalation.policies.targets import Target
from escalation.policies.versions import PolicyDraft, save_policy, versions_in_force
from escalation.runs.hand_over import HandOver, hand_over
from escalation.runs.models import LIVE, RunState
from escalation.runs.passing_on import pass_on, pass_on_by_hand, told_by
from escalation.runs.pausing import snooze, unsnooze
from escalation.runs.reassigning import reassign
from incidents.events.actor import Actor as Who
from incidents.events.record import recording
from incidents.models import Acknowledgement, Incident, Organisation, Stream
from tests.simulation.paths import draw_target
from tests.simulation.revising import revise
from tests.simulation.worlds import Deed, World, names_of

Clock = Callable[[], datetime]
KINDS = frozenset({"snooze", "wake", "reassign", "pass_on", "cannot", "hand_over"})


@dataclass(frozen=True)
class Press:
    """Somebody pressed "I cannot" under a page, and how far the record was then.

    Whether it is known to have been heard: a crash may keep the answer back.
    """

    uid: str
    run: str
    at: datetime
    seqs: dict[UUID, int]
    is_answered: bool


@dataclass(frozen=True)
class Person:
    """Somebody who does something to the run of an incident."""

    world: World
    deed: Deed
    incident: Incident
    organisation: Organisation
    clock: Clock
    draw: random.Random
    note: Callable[[Press], None]

    def act(self) -> Callable[[], object] | None:
        """Return what they do; None where there is nothing to do."""
        by_kind: dict[str, Callable[[], Callable[[], object] | None]] = {
            "snooze": self._snooze,
            "wake": self._wake,
            "reassign": self._reassign,
            "pass_on": self._pass_on,
            "cannot": self._cannot,
            "hand_over": self._hand_over,
        }
        return by_kind[self.deed.kind]()

    @property
    def reason(self) -> str:
        return f"Deed {self.deed.number}: I cannot."

    def _whose(self) -> dict[str, Any]:
        """Return who acts for whom, and when: read only as the deed is done."""
        user = self.world.people[self.organisation.pk][self.deed.number % 2]
        return {
            "organisation": self.organisation,
            "actor": Who.of(user, self.organisation),
            "now": self.clock(),
        }

    def _snooze(self) -> Callable[[], object]:
        length = timedelta(minutes=self.draw.choice((1, 3, 10, 30)))
        return lambda: snooze(
            self.incident,
            until=self.clock() + length,
            reason=self.reason,
            **self._whose(),
        )

    def _wake(self) -> Callable[[], object]:
        return lambda: unsnooze(self.incident, **self._whose())

    def _reassign(self) -> Callable[[], object]:
        names = names_of(self.world, self.organisation)
        [(kind, value)] = draw_target(names, self.draw).items()
        to = Target(kind, value)  # type: ignore[arg-type]  # one of its kinds
        return lambda: reassign(
            self.incident, to=to, reason=self.reason, **self._whose()
        )

    def _pass_on(self) -> Callable[[], object] | None:
        """Send the page's form, which says what it was shown for."""
        runs = Run.objects.filter(
            organisation=self.organisation, state=RunState.ACTIVE
        ).select_related("version")
        run = runs.filter(incident=self.incident).first()
        if run is None:
            return None
        seen = told_by(run)
        return lambda: pass_on_by_hand(
            self.incident, seen=seen, reason=self.reason, **self._whose()
        )

    def _cannot(self) -> Callable[[], object] | None:
        """Press the button under the newest page that shows it, or answer by text."""
        page, is_link = self._page(), self.draw.random() < 0.6
        if page is None or page.run is None:
            return None
        uid = str(page.uid)

        def press() -> None:
            heads = Stream.objects.filter(audience__incident=self.incident)
            seqs, at = dict(heads.values_list("pk", "last_seq")), self.clock()
            # Read behind the heads: what a hand-over says since then counts as heard.
            run = str(Run.objects.get(notifications=page.pk).uid)
            self.note(Press(uid, run, at, seqs, is_answered=False))
            if is_link:
                with recording(at):
                    ask_to_pass_on(page, now=at)
            else:
                pass_on(page, reason=self.reason, now=at)
            self.note(Press(uid, run, at, seqs, is_answered=True))

        return press

    def _page(self) -> Notification | None:
        acknowledged = Acknowledgement.objects.filter(
            incident=self.incident, organisation=self.organisation, ended_at=None
        )
        if self.incident.is_closed or acknowledged.exists():
            return None
        pages = Notification.objects.filter(
            incident=self.incident,
            organisation=self.organisation,
            purpose="page",
            run__state=RunState.ACTIVE,
            status=NotificationStatus.SENT,
        )
        return pages.select_related("run", "incident").order_by("-pk").first()

    def _hand_over(self) -> Callable[[], object] | None:
        """Publish a next version, and move the policy's live runs to it."""
        runs = Run.objects.filter(organisation=self.organisation, state__in=LIVE)
        runs = runs.select_related("version__policy")
        here = runs.filter(incident=self.incident).first()
        if here is None:
            return None
        policy = here.version.policy
        draft = self._draft(policy)
        ids = list(runs.filter(version__policy=policy).values_list("pk", flat=True))
        label = self.draw.choice(("", "", "", "1", "2", "3"))

        def move() -> object:
            whose = self._whose()
            version = save_policy(whose.pop("organisation"), draft, user=None, **whose)
            order = HandOver(version, step=label, reason=f"names [{label}]")
            return hand_over(ids, order, **whose)

        return move

    def _draft(self, policy: Policy) -> PolicyDraft:
        """Return the next version of a policy, now and then that of another one."""
        others = [p for p in self.world.policies[self.organisation.pk] if p != policy]
        is_other = bool(others) and self.draw.random() < 0.15
        to = self.draw.choice(others) if is_other else policy
        body = versions_in_force([to.pk])[to.pk].body
        names = names_of(self.world, self.organisation)
        body = revise(body, names, self.draw)
        return PolicyDraft(to.slug, to.name, body, reason=self.reason)
