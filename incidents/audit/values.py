"""Checks that the stored values are those that the leaves commit to."""

from functools import lru_cache
from typing import Final
from uuid import UUID

from incidents.audit.binary import read_binary
from incidents.audit.findings import Findings
from incidents.errors import BadConfiguration
from incidents.ledger.append import disclosure_context
from incidents.ledger.canonical import digest_of
from incidents.ledger.keyring import decrypt, unwrap_key

PIECE: Final = 8_192
_KEPT_KEYS: Final = 4_096

_READ: Final = """
SELECT d.id, d.entry_id, d.name, d.body, k.owner, k.wrapped, e.stream_id, e.seq, e.leaf
  FROM (SELECT * FROM tocsin_disclosure WHERE id > %s ORDER BY id LIMIT %s) AS d
  JOIN tocsin_entry AS e ON e.id = d.entry_id
  JOIN tocsin_data_key AS k ON k.id = d.key_id
 ORDER BY d.id
"""


def check_values(findings: Findings) -> None:
    """Note each entry of which a value is not the one that its leaf commits to.

    A value that is gone is not noted: erasure is lawful, and whoever verifies a bundle
    asks for its record.
    """
    unwrapped = lru_cache(_KEPT_KEYS)(
        lambda owner, wrapped: unwrap_key(wrapped, owner=owner)
    )
    after = 0
    while rows := read_binary(_READ, [after, PIECE]):
        for pk, entry_id, name, body, owner, wrapped, *place in rows:
            after = pk
            if not _fits(name, body, unwrapped(owner, wrapped), *place):
                why = f"its {name} is not the value that was recorded"
                findings.add(why, entry_id)


def _fits(
    name: str, body: bytes, key: bytes, stream_id: UUID, seq: int, leaf: bytes
) -> bool:
    context = disclosure_context(stream_id, seq, name)
    try:
        text = decrypt(key, body, context=context).decode("ascii")
    except (BadConfiguration, UnicodeDecodeError):
        return False
    # The leaf's canonical form has one spelling of this.
    return b'"%s":"%s"' % (name.encode(), digest_of(text).encode()) in leaf
