"""Find incidents by words, by the beginning of a word, or by the beginning of a ref.

Only ever narrows a queryset that `visible_to` made, so that a search cannot show or
count what the person may not see.
"""

import re

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q

from incidents.incident.models import IncidentQuerySet
from incidents.incident.refs import ALPHABET, normalise_ref

CONFIG = "simple"
REF_PREFIX = "INC-"
# Shorter beginnings of a ref without its INC- are words of three letters and the like.
MIN_BARE_REF = 4
MAX_QUERY = 200

_WORD = re.compile(r"\w+")


def matching(incidents: IncidentQuerySet, q: str) -> IncidentQuerySet:
    """Keep what the query finds; an empty query keeps everything.

    Words, "quoted phrases", `or` and a leading minus work as on the web.
    Requires a queryset that `visible_to` made.
    """
    text = q.replace("\x00", "").strip()[:MAX_QUERY]
    if not text:
        return incidents
    found = Q(search=SearchQuery(text, config=CONFIG, search_type="websearch"))
    if beginning := _beginning(text):
        found |= Q(search=SearchQuery(beginning, config=CONFIG, search_type="raw"))
    if ref := _ref_beginning(text):
        found |= Q(ref__startswith=ref)
    return incidents.filter(found)


def _beginning(text: str) -> str:
    """Return a tsquery that takes the last word as a beginning, for plain words only."""
    words = text.split()
    if not all(_WORD.fullmatch(word) for word in words):
        return ""
    return " & ".join(f"'{word}'" for word in words) + ":*"


def _ref_beginning(text: str) -> str:
    ref = normalise_ref(text)
    body = ref.removeprefix(REF_PREFIX)
    is_bare = not text.upper().startswith(REF_PREFIX)
    if not body or not set(body) <= set(ALPHABET):
        return ""
    return "" if is_bare and len(body) < MIN_BARE_REF else ref
