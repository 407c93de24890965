"""A log to be audited, and the hands of whoever owns its database."""

import psycopg

from incidents.audit.audit import Auditor, audit_log
from incidents.audit.memory import MemoryFile
from incidents.ledger.append import make_streams
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import sign_heads
from tests.factories import NOW
from tests.incidents.sealing.log import LocalSigner, record_entries


class Log:
    """A sealed and signed log of two streams, and an auditor with a memory."""

    def __init__(self, database, folder):
        self.database = database
        self.signer = LocalSigner()
        self.memory = MemoryFile(folder / "audit.json")
        self.streams = make_streams(2)
        self.ids = []
        self.grow(3)

    def grow(self, count=1):
        self.ids += record_entries(*self.streams, count=count)
        seal_batch(NOW)
        sign_heads(self.signer.as_signer(), NOW)

    def audit(self, **more):
        auditor = Auditor(self.memory, keys=(self.signer.key.public,), **more)
        return audit_log(auditor, NOW)

    def tamper(self, *statements):
        tables = (
            *("entry", "leaf", "tile", "checkpoint", "cosigned", "disclosure"),
            *("stream", "data_key", "erased", "hold"),
        )
        with psycopg.connect(self.database.owner_url) as owner:
            for table in tables:
                owner.execute(f"ALTER TABLE tocsin_{table} DISABLE TRIGGER USER")
            for statement in statements:
                owner.execute(statement)

    def found(self, **more):
        return [(one.get("entry"), one["why"]) for one in self.audit(**more).findings]
