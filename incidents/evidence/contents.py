"""Reads from the record and the log what goes into a bundle, a few entries at a time."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import connection

from incidents.events.feed import read_disclosures
from incidents.evidence.documents import Facts, copy_rows, documents
from incidents.evidence.models import EvidenceBundle
from incidents.evidence.redaction import Redaction, rules_from_body
from incidents.incident.attachments import open_attachment, visible_attachments
from incidents.incident.models import Attachment as StoredFile
from incidents.incident.new_file import path_of
from incidents.ledger.bundle import Attachment, Bundle, ProvedLine
from incidents.ledger.bundle_parts import (
    ERASED,
    HEADS_FIELD,
    REDACTED,
    Completeness,
    EarlierHead,
    HiddenEntry,
    Line,
)
from incidents.ledger.bundle_parts import (
    Entry as EntryLine,
)
from incidents.ledger.canonical import format_at, open_disclosure, parse_leaf
from incidents.ledger.checkpoint import Checkpoint, parse_checkpoint
from incidents.ledger.heads import Head, parse_head
from incidents.ledger.models import Entry
from incidents.ledger.note import parse_note
from incidents.ledger.report.made import Telling
from incidents.ledger.report.page import REPORT
from incidents.ledger.tiles import TileReader
from incidents.ledger.verify.instants import milliseconds
from incidents.sealing.heads import (
    ProvenHead,
    SealedHeads,
    newest_heads,
    prove_stream,
)
from incidents.sealing.models import Which
from incidents.sealing.names import formers_of
from incidents.sealing.places import cosigned_notes, note_of, places_of
from incidents.sealing.tree import reader
from incidents.stamping.choosing import stamps_around
from incidents.witnessing.own_policy import own_policy

CHUNK: Final = 500
FILE_CHUNK_BYTES: Final = 1 << 18
_ATTACHMENTS: Final = "attachments"
ERASURE_KIND: Final = "disclosure.erased"

Progress = Callable[[int], None]


class NotYet(Exception):
    """The log does not prove all of it yet; it is to be tried again."""


class NotCounted(NotYet):
    """Something was erased since the record was counted; it is to be counted anew."""


@dataclass(slots=True)
class Source:
    """One bundle's stream as the log of one head holds it."""

    row: EvidenceBundle
    note: str
    head: Checkpoint
    heads: SealedHeads
    proven: ProvenHead
    counted: Head
    progress: Progress
    telling: Telling
    erased: set[tuple[int, str]] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    enclosed: set[str] = field(default_factory=set)


def open_source(row: EvidenceBundle, note: str, progress: Progress) -> Source:
    """Return the stream under this head. Raises NotYet, BadHeads."""
    head = parse_checkpoint(parse_note(note).text)
    heads = newest_heads(head.size)
    if heads is None:
        raise NotYet("no list of heads is sealed")
    proven = prove_stream(heads, row.audience.stream_id)
    counted = parse_head(proven.line)
    if counted.seq < row.wanted_seq:
        raise NotYet(f"{counted.seq} of {row.wanted_seq} entries are counted")
    telling = Telling(note, own_policy())
    return Source(row, note, head, heads, proven, counted, progress, telling)


def bundle_of(source: Source) -> Bundle:
    """Return the bundle; its parts are read while it is written, in its order."""
    row = source.row
    facts = Facts(
        ref=row.incident.ref,
        organisation=row.organisation.name,
        recipient=row.recipient,
        stream=str(source.counted.stream),
        entries=source.counted.seq,
        head=source.head,
        asked_at=row.requested_at,
        is_cosigned=row.is_cosigned,
    )
    stamps = _stamps(source)
    return Bundle(
        head=source.note,
        stream=source.counted.stream,
        entries=_entries(source),
        completeness=_completeness(source),
        earlier=_earlier(source, stamps.keys()),
        erasures=_erasures(source),
        continues=_continues(source),
        attachments=_attachments(source),
        documents=documents(facts),
        telling=_telling(source, facts),
        stamps=stamps,
    )


def _stamps(source: Source) -> dict[int, bytes]:
    """Return the time stamps nearest to the stream, and that of the head."""
    rows = Entry.objects.filter(
        stream=source.counted.stream, seq__in=(1, source.counted.seq)
    )
    places = places_of(rows.values_list("pk", flat=True)).values()
    return stamps_around(min(places), max(places), source.head.size)


def _entries(source: Source) -> Iterator[ProvedLine]:
    redaction = Redaction(rules_from_body(source.row.redactions))
    for first in range(1, source.counted.seq + 1, CHUNK):
        rows = Entry.objects.filter(
            stream=source.counted.stream,
            seq__range=(first, min(first + CHUNK - 1, source.counted.seq)),
        )
        yield from _proved(source, list(rows.order_by("seq")), redaction)
        source.progress(min(first + CHUNK - 1, source.counted.seq))


def _proved(
    source: Source, entries: Sequence[Entry], redaction: Redaction
) -> Iterator[ProvedLine]:
    places = places_of(entry.pk for entry in entries)
    texts = read_disclosures(entries)
    # A reader for each chunk: what it keeps of the log's tiles stays small.
    tiles = reader(source.head.size)
    for entry in entries:
        index = places[entry.pk]
        line = _line(source, entry, index, texts[entry.pk], redaction)
        source.telling.see(line, entry.seq)
        yield ProvedLine(line, tuple(tiles.inclusion_proof(index)))


def _line(
    source: Source,
    entry: Entry,
    index: int,
    texts: dict[str, str],
    redaction: Redaction,
) -> Line:
    if authority := redaction.of_entry(entry.seq):
        return HiddenEntry(index, bytes(entry.leaf_hash), authority)
    leaf = bytes(entry.leaf)
    withheld: dict[str, str] = {}
    for name in parse_leaf(leaf).commit:
        if name not in texts:
            withheld[name] = ERASED
            source.erased.add((entry.seq, name))
        elif reason := redaction.of_field(entry.seq, name):
            withheld[name] = f"{REDACTED}{reason}"
    shown = {name: text for name, text in texts.items() if name not in withheld}
    if _ATTACHMENTS in shown:
        source.files.update(_named_files(shown[_ATTACHMENTS]))
    return EntryLine(index, leaf, shown, withheld)


def _named_files(disclosure: str) -> Iterator[str]:
    value = open_disclosure(disclosure)[1]
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict) and isinstance(one.get("sha256"), str):
            yield one["sha256"]


def _telling(source: Source, facts: Facts) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the page for people, once all that it tells of was put in."""
    counted_at = Entry.objects.values_list("at", flat=True).get(
        pk=source.heads.entry_id
    )
    page = source.telling.page(
        copy=copy_rows(facts),
        counted=(source.heads.idx, milliseconds(format_at(counted_at))),
        files=source.enclosed,
    )
    yield REPORT, page


def _completeness(source: Source) -> Completeness:
    entry = Entry.objects.get(pk=source.heads.entry_id)
    path = reader(source.head.size).inclusion_proof(source.heads.idx)
    return Completeness(
        source.heads.idx,
        bytes(entry.leaf),
        tuple(path),
        read_disclosures([entry])[entry.pk][HEADS_FIELD],
        source.proven.line,
        source.proven.index,
        source.proven.path,
    )


# Of each entry, and of the list that counts them, the nearest cosigned head without it
# and the nearest with it: they bound its time.
_BOUNDING: Final = """
WITH place AS (
    SELECT l.idx FROM tocsin_entry AS e JOIN tocsin_leaf AS l ON l.entry_id = e.id
     WHERE e.stream_id = %(stream)s::uuid AND e.seq <= %(seq)s
     UNION ALL SELECT %(heads)s::bigint
)
SELECT DISTINCT near.size FROM place CROSS JOIN LATERAL (
    (SELECT size FROM tocsin_cosigned
      WHERE size <= place.idx AND quorum_at IS NOT NULL ORDER BY size DESC LIMIT 1)
    UNION ALL
    (SELECT size FROM tocsin_cosigned
      WHERE size > place.idx AND quorum_at IS NOT NULL ORDER BY size LIMIT 1)
) AS near WHERE near.size <= %(head)s ORDER BY near.size
"""


def _earlier(source: Source, stamped: Collection[int]) -> Iterator[EarlierHead]:
    ends = {one.size: one.note for one in formers_of(source.head.origin)}
    sizes = sorted({*_bounding_sizes(source), *stamped, *ends})
    tiles = reader(source.head.size)
    for first in range(0, len(sizes), CHUNK):
        some = sizes[first : first + CHUNK]
        notes = cosigned_notes(some)
        # That very note is named by the entry, whoever cosigned that head since.
        notes |= {(size, Which.LAST): ends[size] for size in some if size in ends}
        for size in some:
            if size in stamped and (size, Which.FIRST) not in notes:
                notes[size, Which.FIRST] = note_of(size) or ""
            earlier = _earlier_head(size, notes, tiles)
            source.telling.see_head(earlier.first, earlier.last)
            yield earlier


def _bounding_sizes(source: Source) -> list[int]:
    wanted: dict[str, str | int] = {
        "stream": str(source.counted.stream),
        "seq": source.counted.seq,
        "heads": source.heads.idx,
        "head": source.head.size,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BOUNDING, wanted)
        sizes = {size for (size,) in cursor.fetchall()}
    seen = source.row.seen_size
    return sorted(sizes if seen is None else sizes | {seen})


def _earlier_head(
    size: int, notes: dict[tuple[int, str], str], tiles: TileReader
) -> EarlierHead:
    first = notes.get((size, Which.FIRST), "")
    last = notes.get((size, Which.LAST), "")
    proof = tuple(tiles.consistency_proof(size))
    return EarlierHead(size, proof, first, "" if last == first else last)


def _erasures(source: Source) -> Iterator[ProvedLine]:
    """Yield the entries of other streams that log what is missing in this one.

    Raises NotCounted when one of them is not below the head.
    """
    if not source.erased:
        return
    missing = set(source.erased) - _logged_here(source)
    if not missing:
        return
    elsewhere = Entry.objects.filter(
        kind=ERASURE_KIND, sealed__idx__lt=source.head.size
    ).exclude(stream=source.counted.stream)
    tiles = reader(source.head.size)
    for entry in elsewhere.select_related("sealed").order_by("sealed__idx").iterator():
        texts = read_disclosures([entry])[entry.pk]
        found = _erased_by(texts, source) & missing
        if found:
            missing -= found
            index = entry.sealed.idx
            line = _erasure_line(entry, index, texts)
            yield ProvedLine(line, tuple(tiles.inclusion_proof(index)))
    if missing:
        raise NotCounted(f"no entry says yet that {sorted(missing)[0]} is erased")


def _continues(source: Source) -> Iterator[ProvedLine]:
    """Yield the log's own entries that say which logs this one continues."""
    entries = [ended.entry for ended in formers_of(source.head.origin)]
    texts = read_disclosures(entries)
    places = places_of(entry.pk for entry in entries)
    tiles = reader(source.head.size)
    for entry in entries:
        index = places[entry.pk]
        line = EntryLine(index, bytes(entry.leaf), texts[entry.pk], {})
        yield ProvedLine(line, tuple(tiles.inclusion_proof(index)))


def _logged_here(source: Source) -> set[tuple[int, str]]:
    rows = Entry.objects.filter(
        stream=source.counted.stream, kind=ERASURE_KIND, seq__lte=source.counted.seq
    )
    texts = read_disclosures(rows)
    return {one for found in texts.values() for one in _erased_by(found, source)}


def _erased_by(texts: dict[str, str], source: Source) -> set[tuple[int, str]]:
    opened = {name: open_disclosure(text)[1] for name, text in texts.items()}
    body = opened.get("body")
    erased = (body if isinstance(body, dict) else opened).get("erased")
    stream = str(source.counted.stream)
    return {
        (int(one["seq"]), str(one["field"]))
        for one in (erased if isinstance(erased, list) else ())
        if isinstance(one, dict) and one.get("stream") == stream
    }


def _erasure_line(entry: Entry, index: int, texts: dict[str, str]) -> Line:
    """Return the entry with what it says is erased, and nothing else of its stream."""
    leaf = bytes(entry.leaf)
    kept = {"erased", "body"} if "erased" not in texts else {"erased"}
    shown = {name: text for name, text in texts.items() if name in kept}
    withheld = {
        name: f"{REDACTED}another record"
        for name in parse_leaf(leaf).commit
        if name not in shown
    }
    return EntryLine(index, leaf, shown, withheld)


def _attachments(source: Source) -> Iterator[Attachment]:
    if not source.row.has_files:
        return
    row = source.row
    files = visible_attachments(row.incident, [row.organisation_id])
    files = files.filter(sha256__in=source.files).order_by("sha256", "pk")
    for file in files.distinct("sha256"):
        source.progress(source.counted.seq)
        # Whose bytes are gone is left out, and the verifier says so.
        if path_of(file.stored_as).is_file():
            source.enclosed.add(file.sha256)
            yield Attachment(file.sha256, file.size_bytes, _chunks(file))


def _chunks(file: StoredFile) -> Iterator[bytes]:
    with open_attachment(file) as opened:
        while chunk := opened.read(FILE_CHUNK_BYTES):
            yield chunk
