"""What the columns of the sealed log hold, for `columns.py`."""

from collections.abc import Mapping
from typing import Final

from config.column_kinds import CODE, SEALED, Column, neither, personal

LOG_COLUMNS: Final[Mapping[str, Mapping[str, Column]]] = {
    "incidents.SealedLeaf": {"leaf_hash": neither("hash of a leaf")},
    "incidents.Tile": {"hashes": neither("hashes of leaves, and of those")},
    "incidents.Checkpoint": {
        "root": neither("one hash over all leaves"),
        "note": neither("a size and a hash, signed by the log"),
    },
    "incidents.Cosigned": {
        "which": CODE,
        "note": neither("a size and a hash, signed by the log and by witnesses"),
    },
    "incidents.EndedLog": {
        "origin": neither("the name of a log"),
        "vkeys": neither("public keys of the log"),
        "note": neither("a size and a hash, signed by the log and by witnesses"),
        "ended_by": neither("who of the operator gave a log up, for everybody to read"),
        "reason": neither("why a log was given up, for everybody to read"),
        "successor": neither("the name of a log"),
    },
    "incidents.Witness": {
        "slug": neither("the name of a witness, which its operator chose"),
        "vkey": neither("a public key of a witness"),
        "address": neither("where a witness is asked"),
        "failed_why": neither("our own words about an answer"),
    },
    "incidents.WitnessQuorum": {
        "quorum": neither("the name of a group of witnesses"),
        "groups": neither("names of witnesses and groups"),
    },
    "incidents.QuorumMiss": {"awaited": neither("names of witnesses")},
    "incidents.PartyKey": {
        "label": personal("user", "the person's own words"),
        "public": neither("a public key; without its row it says nothing"),
        "fingerprint": neither("the hash of a public key"),
    },
    "incidents.TimeStampAuthority": {
        "slug": neither("the name of an authority that stamps the time"),
        "address": neither("where it is asked"),
        "username": neither("the platform's account there"),
        "password_sealed": SEALED,
        "certificates": neither("public certificates of the authority"),
        "policy": neither("a number of one of its policies"),
        "failed_why": neither("our own words about an answer"),
    },
    "incidents.TimeStamp": {
        "which": CODE,
        "answer": neither("a time and a hash, signed by an authority"),
    },
    "incidents.WatchedLog": {
        "origin": neither("the name of a log"),
        "vkeys": neither("public keys of a log"),
        "root": neither("one hash over all leaves of another log"),
        "note": neither("a size and a hash, signed by a log and by us"),
        "refused_note": neither("a size and a hash, signed by a log"),
    },
    "incidents.SealerState": {
        "refused_why": neither("our own words about sizes"),
        "known_keys": neither("public keys of the log"),
        "broken_why": neither("our own words about numbers of entries and streams"),
    },
    "incidents.Audit": {
        "root": neither("one hash over all leaves"),
        "against": CODE,
        "findings": neither("our own words about numbers of entries and streams"),
    },
}
