"""What the tests of the verifier do again and again."""

import io
from dataclasses import replace
from hashlib import sha256
from traceback import walk_tb
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from incidents.ledger.bundle import write_bundle
from incidents.ledger.bundle_parts import Listed, read_manifest, write_manifest
from incidents.ledger.verify.check import verify_bundle
from incidents.ledger.verify.verdict import Rejected
from tests.incidents.ledger.simulated_log import POLICY

MANIFEST = "MANIFEST.json"


def packed(bundle):
    out = io.BytesIO()
    write_bundle(out, bundle)
    return out


def outcome_of(bundle, *, policy=POLICY, **how):
    return verify_bundle(packed(bundle), policy, **how)


def verdict_on(bundle, *, policy=POLICY, **how):
    """Return "VERIFIED", the doubts, or the code of the rejection."""
    file = bundle if isinstance(bundle, io.BytesIO) else packed(bundle)
    try:
        outcome = verify_bundle(file, policy, **how)
    except Rejected as rejected:
        return rejected.code.name
    return " ".join(sorted(doubt.name for doubt in outcome.counts)) or "VERIFIED"


def detector_of(bundle):
    """Return the module that rejects a bundle, "times" when none does."""
    file = bundle if isinstance(bundle, io.BytesIO) else packed(bundle)
    try:
        verify_bundle(file, POLICY)
    except Rejected as rejected:
        *_, (frame, _) = walk_tb(rejected.__traceback__)
        return frame.f_globals["__name__"].rpartition(".")[2]
    return "times"


def files_of(file):
    with ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(files, *, manifest=None):
    """Return a bundle of these files, with a manifest that fits them unless given."""
    files = dict(files)
    if manifest is None:
        manifest = _listing(files)
    files[MANIFEST] = manifest
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(ZipInfo(name), data)
    return out


def _listing(files):
    listed = [
        Listed(name, sha256(data).hexdigest(), len(data))
        for name, data in sorted(files.items())
        if name != MANIFEST
    ]
    old = read_manifest(files[MANIFEST])
    return write_manifest(replace(old, files=tuple(listed)))
