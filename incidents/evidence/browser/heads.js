// The earlier heads: continued by the newest, and what times they bound.

const APART = 60; // seconds that two clocks may disagree

async function checkEarlier(parts, policy, head, formers) {
  const times = [timesOf(head, policy)];
  const readings = readingsOf(head);
  const [proofs, sizes] = [new Map(), new Set([head.size])];
  const [unnamed, seenFormers] = [new Set(formers.keys()), new Set()];
  const lines = linesOf(parts.text("checkpoints.jsonl"), "checkpoints.jsonl");
  for (const line of lines) {
    const part = readEarlier(line, proofs);
    proofs.set(part.size, part.proof);
    for (const note of [part.first, part.last].filter(Boolean)) {
      const one = await openEarlier(note, policy, formers, part.size);
      if (one.origin !== head.origin && !formers.has(one.origin)) throw new Rejected("CP_ORIGIN", `the head at ${part.size} is of another log`);
      if (one.size !== part.size || one.size > head.size) throw new Rejected("FORM", `the head at ${part.size} is of size ${one.size}`);
      await requireContinued(one, head, part.proof);
      if (await isLastOfAFormer(formers, one, note)) {
        unnamed.delete(one.origin);
        if (isMet(policy, new Set(one.seen.keys()))) seenFormers.add(one.origin);
      }
      times.push(timesOf(one, policy));
      readings.push(...readingsOf(one));
      sizes.add(part.size);
    }
  }
  for (const name of unnamed) throw new Rejected("CONTINUED", `the last head of ${name} is not here`);
  return { bounds: boundsOf(times.filter(Boolean)), proofs, readings, sizes, seenFormers };
}

function readEarlier(line, proofs) {
  try {
    const part = readCanonical(line);
    const proof = part.proof.map((step) => toHex(fromBase64(step)));
    const isForm =
      hasKeys(part, "first last proof size") && isIndex(part.size) && !proofs.has(part.size) &&
      [part.first, part.last].every((note) => typeof note === "string") &&
      proof.length <= 128 && proof.every((step) => step.length === 64);
    if (!isForm) throw new Error("an earlier head does not have its form, or is there twice");
    return { ...part, proof };
  } catch (error) {
    throw new Rejected("FORM", `checkpoints.jsonl: ${error.message}`);
  }
}

async function requireContinued(old, head, proof) {
  if (!(await isContinued(old.size, head.size, old.root, head.root, proof))) {
    throw new Rejected("FORK", `the log of ${head.size} does not continue the log of ${old.size}`);
  }
}

function timesOf(head, policy) {
  const met = metAt(policy, head.seen);
  return met === null ? null : { size: head.size, first: metSince(policy, head.seen), met };
}

const readingsOf = (head) => [...head.seen].map(([name, at]) => ({ size: head.size, name, at }));

// A log only grows and shows its newest head: where a clock saw a longer log before
// another saw a shorter one, one of them is wrong, or was shown an old head.
function disagreements(readings) {
  const found = new Map();
  let latest = null;
  let waiting = [];
  for (const one of [...readings].sort((a, b) => a.size - b.size || a.at - b.at)) {
    if (waiting.length && waiting[0].size < one.size) {
      for (const other of waiting) if (latest === null || other.at > latest.at) latest = other;
      waiting = [];
    }
    waiting.push(one);
    if (latest === null || latest.at - one.at <= APART) continue;
    const both = JSON.stringify([latest.name, one.name]);
    const detail = `${one.name} saw ${one.size} entries ${instant(one.at * 1000)}, ${latest.name} only ${latest.size} ${instant(latest.at * 1000)}`;
    if (!found.has(both)) found.set(both, ["CLOCKS_DISAGREE", 0, 1, detail]);
  }
  return [...found.values()];
}

// An entry got its place after any head without it was seen, before any with it was.
function boundsOf(times) {
  const sorted = times.sort((a, b) => a.size - b.size);
  const lower = [];
  const upper = [];
  sorted.forEach((one, n) => lower.push(Math.max(one.first, n ? lower[n - 1] : 0)));
  [...sorted].reverse().forEach((one, n) => upper.push(Math.min(one.met, n ? upper[n - 1] : Infinity)));
  upper.reverse();
  return (index) => {
    let [place, end] = [0, sorted.length];
    while (place < end) {
      const middle = (place + end) >> 1;
      if (sorted[middle].size > index) end = middle;
      else place = middle + 1;
    }
    return [place ? lower[place - 1] : null, place < upper.length ? upper[place] : null];
  };
}
