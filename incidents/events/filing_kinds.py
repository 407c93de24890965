"""The kinds of events of filings: what a lab writes, sends, and hears about it.

What is said about a filing reaches the other side also when the incident is not shared
any more: an authority's answer is something that a lab must have on its own record.
"""

from typing import Final

from incidents.events.kind import Kind, make_kind

FILING_KINDS: Final[tuple[Kind, ...]] = (
    make_kind(
        "filing.drafted",
        "{filing}, version {version}, written for {recipients}",
        "filing version sha256 recipients",
        apart="recipients",
    ),
    make_kind(
        "filing.reviewed",
        "{filing}, version {version}, {what}: {reason}",
        "filing version what reason",
        apart="reason",
    ),
    make_kind(
        "filing.approved",
        "{filing}, version {version}, approved",
        "filing version sha256",
    ),
    make_kind(
        "filing.withdrawn",
        "{filing} withdrawn: {reason}",
        "filing reason",
        apart="reason",
    ),
    # `sha256` is of the part that this agency gets, or of the whole filed by hand.
    make_kind(
        "filing.submitted",
        "{filing}, version {version}, submitted to {agency}: {regime}, {stage}",
        "portal_reference receipt_sha256",
        shared="filing version sha256 agency regime stage tlp submitted_at",
    ),
    make_kind(
        "filing.received",
        "{filing} received by {agency}: {receipt}",
        shared="filing agency receipt received_at",
        outlives_share=True,
    ),
    make_kind(
        "filing.returned",
        "{filing} returned by {agency}: {text}",
        shared="filing version agency text remarks",
        apart="remarks",
        outlives_share=True,
    ),
    make_kind(
        "filing.accepted",
        "{filing} accepted by {agency}: {text}",
        shared="filing version agency text",
        outlives_share=True,
    ),
    make_kind(
        "filing.transferred",
        "{filing} transferred by {agency} to {to}: {text}",
        "risks",
        shared="filing agency to legal_basis text",
        apart="risks legal_basis",
        outlives_share=True,
    ),
    make_kind(
        "filing.info_requested",
        "{agency} asks about {filing}: {text}",
        shared="filing agency number text due_at",
        outlives_share=True,
    ),
    make_kind(
        "filing.info_answered",
        "Request {number} about {filing} answered: {text}",
        shared="filing number text",
        outlives_share=True,
    ),
    make_kind(
        "filing.answered_in_part",
        "Request {number} about {filing} answered in part: {text}",
        shared="filing number text",
        outlives_share=True,
    ),
    make_kind(
        "filing.request_moved",
        "{agency} wants its request {number} about {filing} answered by {due_at}: {text}",
        shared="filing agency number text due_at old_due_at",
        outlives_share=True,
    ),
    make_kind(
        "filing.request_withdrawn",
        "{agency} withdrew its request {number} about {filing}: {text}",
        shared="filing agency number text",
        outlives_share=True,
    ),
)
