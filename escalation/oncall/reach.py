"""Ask by which ways people can be reached; contact methods stand above this slice.

Whoever knows them registers the answer in ready().
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

# (organisation id, user ids) -> {user id: ways in words}
Reach = Callable[[int, Iterable[int]], Mapping[int, Sequence[str]]]

_reach: dict[str, Reach] = {}


def register_reach(reach: Reach) -> None:
    """Have `ways_to_reach` answer with this."""
    _reach["reach"] = reach


def ways_to_reach(
    organisation_id: int, user_ids: Iterable[int]
) -> Mapping[int, Sequence[str]]:
    """Return {user id: ways such as "E-mail"}; who is not in it cannot be paged."""
    reach = _reach.get("reach")
    return reach(organisation_id, user_ids) if reach else {}
