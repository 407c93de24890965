// Compares receipts that the verifying party kept with the entries of a bundle: the entry
// at a receipt's place has to be the very one that it proves.

const MOST_RECEIPT_BYTES = 100000;

class Receipts {
  constructor() {
    this.count = 0;
    this.waiting = new Map();
  }

  // Takes {name, bytes} of one receipt.
  async take({ name, bytes }, policy, head, formers) {
    let proof;
    try {
      proof = readProof(decodeUtf8(bytes.subarray(0, MOST_RECEIPT_BYTES)));
    } catch (error) {
      throw new Rejected("RECEIPT", `${name}: ${error.message}`);
    }
    const then = await openReceiptHead(proof, policy, formers, name);
    if (then.origin !== head.origin && !formers.has(then.origin)) throw new Rejected("RECEIPT", `${name} is of another log`);
    const others = this.waiting.get(proof.index) || [];
    this.waiting.set(proof.index, [...others, { name, proof, head: then }]);
    this.count += 1;
  }

  async see(entry, hashed) {
    for (const { name, proof, head } of this.waiting.get(entry.index) || []) {
      if (!(await isIncluded(hashed, proof.index, head.size, proof.path, head.root))) {
        throw new Rejected("RECEIPT", `${name} was given for another entry ${entry.seq}`);
      }
    }
    this.waiting.delete(entry.index);
  }

  check() {
    for (const [index, [{ name }]] of this.waiting) {
      throw new Rejected("RECEIPT", `${name} is of entry ${index} of the log, which is not here`);
    }
  }
}
