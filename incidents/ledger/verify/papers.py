"""Writes for people what was verified: the page report.html, and a certificate's form."""

import hashlib
from pathlib import Path

from incidents.ledger.certificate import Certified, write_certificate
from incidents.ledger.policy import Policy
from incidents.ledger.report.page import write_page
from incidents.ledger.report.story import Story
from incidents.ledger.report.verified import (
    completeness_of,
    findings_of,
    frame_of,
    verdict_of,
    witnesses_of,
)
from incidents.ledger.verify.check import Outcome
from incidents.ledger.verify.entries import Hidden, Seen
from incidents.ledger.version import VERSION


class Papers:
    """What is to be written once a bundle is verified; nothing before.

    Raises FileExistsError: an older page of that name must not be taken for this one.
    """

    def __init__(self, *, report: Path | None, certificate: Path | None) -> None:
        for path in (report, certificate):
            if path is not None and path.exists():
                raise FileExistsError(f"{path} is there already; name a new file")
        self._report = report
        self._certificate = certificate
        self._story = Story()

    @property
    def is_asked(self) -> bool:
        """Tell whether anything is to be written."""
        return self._report is not None or self._certificate is not None

    def see(self, entry: Seen | Hidden, bounds: tuple[int | None, int | None]) -> None:
        """Take one entry; it counts once the bundle is verified."""
        self._story.see(entry, bounds)

    def write(self, outcome: Outcome, policy: Policy) -> None:
        """Write the files. Raises OSError."""
        if self._report is not None:
            with self._report.open("xb") as file:
                file.writelines(write_page(frame_of(outcome, policy), self._story))
        if self._certificate is not None:
            certified = _certified(outcome, policy, self._story)
            with self._certificate.open("xb") as file:
                file.write(write_certificate(certified))


def _certified(outcome: Outcome, policy: Policy, story: Story) -> Certified:
    ref = story.head.get("ref")
    return Certified(
        ref=ref.value if ref else "",
        stream=f"{outcome.stream}",
        entries=f"{outcome.from_seq} to {outcome.to_seq}",
        complete_to=completeness_of(outcome),
        copy="",
        origin=outcome.checkpoint.origin,
        size=outcome.checkpoint.size,
        root=outcome.checkpoint.root.hex(),
        witnesses=f"Signed this head, by the policy: {witnesses_of(outcome)}.",
        manifest_sha256=outcome.manifest_sha256,
        policy=policy.fingerprint(),
        version=VERSION,
        program=_program(),
        verdict=verdict_of(outcome, policy),
        findings=tuple(findings_of(outcome)),
    )


def _program() -> str:
    """Return the SHA-256 of the one file that runs, empty where it runs from sources."""
    archive = getattr(__spec__.loader, "archive", None)
    if not isinstance(archive, str):
        return ""
    return hashlib.sha256(Path(archive).read_bytes()).hexdigest()
