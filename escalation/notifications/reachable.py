"""Say by which ways people can be paged, for pages that show who is on call."""

from collections.abc import Iterable, Mapping, Sequence

from escalation.notifications.channels.registry import CHANNELS
from escalation.notifications.models import ContactMethod


def ways_to_reach(
    organisation_id: int, user_ids: Iterable[int]
) -> Mapping[int, Sequence[str]]:
    """Return {user id: channels in words} of verified methods, in one statement."""
    rows = ContactMethod.objects.usable().filter(
        organisation_id=organisation_id, user_id__in=set(user_ids)
    )
    ways: dict[int, dict[str, None]] = {}
    for user_id, channel in rows.order_by("pk").values_list("user_id", "channel"):
        label = CHANNELS[channel].label if channel in CHANNELS else channel
        ways.setdefault(user_id, {})[label] = None
    return {user_id: list(labels) for user_id, labels in ways.items()}
