"""Compares receipts that the verifying party kept with the entries of a bundle.

A receipt is a proof file that was handed out when somebody filed or acknowledged. The
entry at its place has to be the very one it proves, in the log as it was signed then; so
an entry that was replaced since is found by whoever kept the paper.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from incidents.ledger.checkpoint import Checkpoint
from incidents.ledger.merkle import verify_inclusion
from incidents.ledger.policy import Policy
from incidents.ledger.proof_file import BadProof, ProofFile, parse_proof
from incidents.ledger.verify.continued import Former
from incidents.ledger.verify.entries import Hidden, Seen
from incidents.ledger.verify.heads import open_former, open_head
from incidents.ledger.verify.verdict import Code, Rejected


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt's bytes, under the name by which its holder knows it."""

    name: str
    data: bytes


class Receipts:
    """The receipts that are to be found among the entries. Raises Rejected."""

    def __init__(
        self,
        receipts: Iterable[Receipt],
        policy: Policy,
        newest: Checkpoint,
        formers: Mapping[str, Former] = MappingProxyType({}),
    ) -> None:
        self._waiting: dict[int, list[tuple[str, ProofFile, Checkpoint]]] = {}
        for receipt in receipts:
            proof = _read(receipt)
            head = _open(receipt, proof, policy, formers)
            if head.origin not in {newest.origin, *formers}:
                raise Rejected(Code.RECEIPT, f"{receipt.name} is of another log")
            kept = receipt.name, proof, head
            self._waiting.setdefault(proof.index, []).append(kept)

    def see(self, entry: Seen | Hidden) -> None:
        """Compare an entry with the receipts of its place."""
        for name, proof, head in self._waiting.pop(entry.index, ()):
            place = proof.index, head.size
            if not verify_inclusion(entry.hash, *place, proof.path, head.root):
                raise Rejected(
                    Code.RECEIPT, f"{name} was given for another entry {entry.seq}"
                )

    def check(self) -> None:
        """Raise Rejected for a receipt whose entry is not there."""
        for kept in self._waiting.values():
            for name, proof, _ in kept:
                raise Rejected(
                    Code.RECEIPT,
                    f"{name} is of entry {proof.index} of the log, which is not here",
                )


def _open(
    receipt: Receipt, proof: ProofFile, policy: Policy, formers: Mapping[str, Former]
) -> Checkpoint:
    if proof.checkpoint.partition("\n")[0] not in formers:
        return open_head(proof.checkpoint, policy, where=receipt.name).checkpoint
    head = open_former(proof.checkpoint, policy, where=receipt.name)
    origin = head.checkpoint.origin
    if origin not in policy.origins and not policy.is_met(head.seen.keys()):
        raise Rejected(
            Code.RECEIPT,
            f"{receipt.name}: too few of your witnesses saw its head, and your policy does"
            f" not name {origin}: add a line with that log's key",
        )
    return head.checkpoint


def _read(receipt: Receipt) -> ProofFile:
    try:
        return parse_proof(receipt.data)
    except BadProof as error:
        raise Rejected(Code.RECEIPT, f"{receipt.name}: {error}") from None
