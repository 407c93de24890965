"""Print a filing as PDF/A-3a that is also PDF/UA-1: to be kept, and to be read aloud.

The template is our own, the fonts come with the typesetter, and neither the system's fonts
nor the network nor any file is asked for. The same document gives the same bytes.
The typesetter lets other threads run while it works.
"""

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

import typst

from escalation.filings.documents.document import FilingDocument
from escalation.filings.documents.json_form import as_json
from escalation.filings.documents.printed import layout

TEMPLATE: Final = Path(__file__).parent / "filing.typ"

# The typesetter names a few at a time of the characters that it found no glyph for.
_MISSING: Final = re.compile(
    r'the text `"((?:[^"\\]|\\.)+)"` could not be displayed', re.DOTALL
)
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-fA-F]+)\}")
_ROUNDS: Final = 8


def render_pdf(document: FilingDocument) -> bytes:
    """Return the filing as a PDF, with its JSON attached.

    Raises typst.TypstError when the template itself is at fault.
    """
    attached = as_json(document).decode()
    missing: frozenset[str] = frozenset()
    for _ in range(_ROUNDS):
        try:
            return _compiled(document, attached, missing)
        except typst.TypstError as error:
            found = missing_glyphs(error) - missing
            if not found:
                raise
            missing |= found
    return _compiled(document, attached, _beyond_ascii(attached))


def missing_glyphs(error: typst.TypstError) -> frozenset[str]:
    """Return the characters for which no glyph was found, ASCII apart.

    `printable.txt` knows each character alone; a mark on a letter of another font can
    still fail.
    """
    texts = _MISSING.findall(f"{error.message}\n{error.diagnostic}")
    plain = (_ESCAPED.sub(lambda m: chr(int(m.group(1), 16)), t) for t in texts)
    return frozenset(char for text in plain for char in text if not char.isascii())


def _compiled(
    document: FilingDocument, attached: str, missing: frozenset[str]
) -> bytes:
    page = layout(document, missing=missing)
    return typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"page": json.dumps(page), "attached": attached},
        pdf_standards=["a-3a", "ua-1"],
        # Whole seconds: it takes no fraction.
        timestamp=int(document.made_at.timestamp()),
    )


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


def _beyond_ascii(text: str) -> frozenset[str]:
    return frozenset(char for char in text if not char.isascii())
