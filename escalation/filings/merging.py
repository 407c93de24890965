"""Bring together what two people wrote on the same version. Free of Django.

Section by section: who alone changed one is followed. Where both did, the writer's own
words stand and the other's are shown beside them, so that nothing is put over unseen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from escalation.filings.sections import Section


@dataclass(frozen=True, slots=True)
class Merged:
    """One section as it is to stand, and what the newer version says if that differs.

    `is_taken_over`: only the newer version changed it. `is_own`: only the writer has it.
    """

    section: Section
    theirs: Section | None = None
    is_taken_over: bool = False
    is_own: bool = False


def merge_sections(
    base: Iterable[Section], mine: Sequence[Section], theirs: Sequence[Section]
) -> list[Merged]:
    """Return the sections of the newer version with mine in them, then mine alone.

    >>> base, mine, theirs = Section("A", "1"), Section("A", "2"), Section("A", "3")
    >>> merged, = merge_sections([base], [mine], [theirs])
    >>> merged.section.answer, merged.theirs.answer
    ('2', '3')
    """
    before = {section.field: section for section in base}
    written = {section.field: section for section in mine}
    known = {section.field for section in theirs}
    return [
        *(_merged(before.get(t.field), written.get(t.field), t) for t in theirs),
        *(
            Merged(m, is_own=True)
            for m in mine
            # What the newer version left out and the writer did not touch stays out.
            if m.field not in known and m != before.get(m.field)
        ),
    ]


def changed_fields(before: Iterable[Section], after: Iterable[Section]) -> list[str]:
    """Return which fields two versions answer differently, those left out last."""
    former = {section.field: section for section in before}
    present = {section.field: section for section in after}
    changed = [name for name, said in present.items() if former.get(name) != said]
    return [*changed, *(name for name in former if name not in present)]


def _merged(before: Section | None, mine: Section | None, theirs: Section) -> Merged:
    if mine == theirs:
        return Merged(theirs)
    if mine is None or mine == before:
        return Merged(theirs, is_taken_over=theirs != before)
    return Merged(mine, theirs=None if theirs == before else theirs)
