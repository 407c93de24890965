"""Read which runs are to be handed over, and to what, from names that people use."""

from collections.abc import Collection

from escalation.policies.models import Policy, PolicyVersion
from escalation.runs.models import LIVE, Run
from incidents.errors import BadInput


def version_named(policy: Policy, number: int, *, to_policy: str = "") -> PolicyVersion:
    """Return a version of the policy, or of another one of its organisation.

    Raises BadInput.
    """
    target = policy
    if to_policy:
        own = Policy.objects.filter(organisation=policy.organisation, archived_at=None)
        found = own.filter(slug=to_policy).first()
        if found is None:
            known = ", ".join(own.order_by("slug").values_list("slug", flat=True))
            raise BadInput("to_policy", to_policy, f"Name one of {known}.")
        target = found
    rows = target.versions.select_related("policy")
    version = rows.filter(number=number).first()
    if version is None:
        numbers = ", ".join(str(row.number) for row in rows.order_by("number"))
        raise BadInput("to_version", number, f"Name one of {numbers}.")
    return version


def live_runs(policy: Policy, uids: Collection[str] = ()) -> list[int]:
    """Return the ids of the policy's runs under way, or of those named.

    Raises BadInput for one that is not among them.
    """
    rows = Run.objects.filter(version__policy=policy, state__in=LIVE)
    found = {str(uid): pk for uid, pk in rows.values_list("uid", "pk")}
    for uid in uids:
        if str(uid) not in found:
            remedy = "Name a run of this policy that is under way, by its id."
            raise BadInput("runs", str(uid), remedy)
    return [found[str(uid)] for uid in uids] if uids else sorted(found.values())
