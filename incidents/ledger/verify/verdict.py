"""What a verification can come to: codes, the reason of a rejection, remarks on time."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class ExitCode(IntEnum):
    """What the program tells whoever called it."""

    VERIFIED = 0
    REJECTED = 1
    USAGE = 2
    VERIFIED_WITH_FINDINGS = 3


class Code(StrEnum):
    """Why a bundle is rejected. The value says it in plain words."""

    ARCHIVE = "the file is not a bundle, or is built to mislead whoever unpacks it"
    TOO_LARGE = "the bundle holds more than is allowed"
    MANIFEST = "the list of files is wrong, or is not of these files"
    MANIFEST_HASH = "a file was changed after the bundle was made"
    FORM = "a part of the bundle does not have its form"
    CP_FORMAT = "a signed head of the log cannot be read"
    CP_ORIGIN = "the head is of a log that your policy does not name"
    CP_LOGSIG = "the log has not signed this head"
    CP_WITNESS = "the signature of a witness on a head is false"
    CP_QUORUM = "too few of the witnesses that you trust have seen this head"
    TIME_STAMP = "a time stamp cannot be read, or is not of this log's head"
    ROLLBACK = "the log is shorter than you have seen it before"
    FORK = "two heads of the log contradict each other"
    UNCONNECTED = "nothing shows that the log continues what you have seen before"
    CONTINUED = "the log is not shown to continue the one that it says it continues"
    ENDED = "this log was given up under its name before this head"
    PROOF = "the proof of an entry is missing or is not of this entry and head"
    INCLUSION = "an entry is not in the log that was signed, or was changed"
    LEAF_NOT_CANONICAL = "an entry is not in its one exact form"
    STREAM = "an entry belongs to another record"
    SEQ_GAP = "an entry is missing, or is there twice"
    PREV = "an entry does not follow the one before it"
    ORDER = "entries stand in another order than in the log"
    DISCLOSURE = "a content is not the one that was recorded, or is left out unsaid"
    ERASED_UNLOGGED = "a content is called erased, and no erasure is recorded"
    ATTACHMENT = "an attached file is not one that was recorded"
    INCOMPLETE = "it is not shown that the last entries are there"
    RECEIPT = "an entry for which you kept a receipt is not there, or is another"
    ACK_SIGNATURE = "a signature under an acknowledgement is false"
    CLOCK_MISSING = "a deadline passed, and the record does not say so"
    CLOCK_FALSE = "the record says of a deadline what it contradicts elsewhere"
    STUMBLED = "the verifier met what it did not expect; nothing is verified"


class Doubt(StrEnum):
    """What a verified bundle leaves open. The value says it in plain words."""

    BACKDATED = "recorded later than the entry says"
    POSTDATED = "recorded earlier than the entry says"
    TIME_WIDE = "no witness bounds the time closely"
    CLOCKS_DISAGREE = "two clocks are over a minute apart, or one saw an old head"
    STAMP_UNTRUSTED = "a time stamp is by nobody whose certificate you hold"
    COUNT_WIDE = "only the operator says how lately the entries were counted"
    ACK_UNSIGNED = "no key that you have pinned signed the acknowledgement"
    CLOCK_UNDETERMINED = "the time bounds do not tell whether a deadline was kept"
    CLOCK_MOVED = "the due instant of a deadline changed without an entry that says so"


class Rejected(Exception):
    """The bundle must not be believed."""

    def __init__(self, code: Code, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code.name}: {detail}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubt. `seq` is the number of the entry, 0 for the bundle as a whole."""

    doubt: Doubt
    seq: int
    detail: str
