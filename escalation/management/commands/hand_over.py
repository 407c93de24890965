"""`manage.py hand_over`: move what runs to another version of a policy."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from escalation.authoring.handing_over import live_runs, version_named
from escalation.policies.models import Policy
from escalation.runs.hand_over import HandedOver, HandOver, hand_over
from escalation.runs.models import Run
from incidents.errors import TocsinError
from incidents.events.actor import Actor
from incidents.models import User
from incidents.timers.clock import read_now


class Command(BaseCommand):
    """Hand runs over; prints a line for each."""

    help = "Move runs that are under way to another version of their policy."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--run", metavar="UID", help="one run")
        which.add_argument("--policy", metavar="SLUG", help="all runs of a policy")
        parser.add_argument("--organisation", metavar="SLUG", default="")
        parser.add_argument("--to-version", type=int, required=True, metavar="N")
        parser.add_argument("--to-policy", metavar="SLUG", default="")
        parser.add_argument("--step", metavar="LABEL", default="")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--by", metavar="EMAIL", default="", help="who asks")
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Hand over, or say what would be."""
        policy = _policy(options)
        try:
            number, to_policy = options["to_version"], options["to_policy"]
            version = version_named(policy, number, to_policy=to_policy)
            moved = hand_over(
                live_runs(policy, [options["run"]] if options["run"] else ()),
                HandOver(version, options["step"], options["reason"]),
                actor=_actor(policy, options["by"]),
                now=read_now(),
                is_dry_run=options["dry_run"],
            )
        except TocsinError as error:
            raise CommandError(error.message) from error
        for one in moved:
            self.stdout.write(_line(one))
        verb = "would be handed over" if options["dry_run"] else "handed over"
        self.stdout.write(f"{len(moved)} {verb}")


def _policy(options: dict[str, Any]) -> Policy:
    rows = Policy.objects.select_related("organisation")
    if options["run"]:
        try:
            run = Run.objects.get(uid=options["run"])
        except (Run.DoesNotExist, ValidationError) as error:
            raise CommandError(f"There is no run {options['run']!r}.") from error
        return rows.get(versions=run.version_id)
    found = list(rows.filter(slug=options["policy"]))
    if options["organisation"]:
        wanted = options["organisation"]
        found = [row for row in found if row.organisation.slug == wanted]
    if len(found) != 1:
        known = ", ".join(row.organisation.slug for row in found) or "none"
        message = f"{options['policy']!r} names {len(found)} policies ({known}). "
        raise CommandError(f"{message}Name its organisation with --organisation.")
    return found[0]


def _actor(policy: Policy, email: str) -> Actor:
    if not email:
        return Actor.system(policy.organisation)
    members = User.objects.filter(
        memberships__organisation=policy.organisation, memberships__ended_at=None
    )
    user = members.filter(email=email.lower()).first()
    if user is None:
        raise CommandError(f"{email!r} is nobody of {policy.organisation}.")
    return Actor.of(user, policy.organisation)


def _line(one: HandedOver) -> str:
    when = "at once" if one.is_at_once else "when due"
    told = f", {one.told} told already" if one.told else ""
    return (
        f"{one.incident} {one.from_policy} v{one.from_version} step {one.from_step}"
        f" → step {one.to_step} {when}{told}"
    )
