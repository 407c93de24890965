// Verifies a bundle from its bytes and a policy alone.

const MMD = 60; // seconds that an entry may take to get into a head that is seen
const SKEW = 30; // seconds that the operator's clock may run ahead
const GAP = 600; // seconds between two bounds of a time before it is called wide
const HEADS_AGE = 900; // seconds that the counting may be older than the head

async function verifyBundle(file, policyText, pinned = null) {
  const policy = await readPolicy(policyText);
  const parts = await openParts(file);
  const note = parts.text("checkpoint.txt", "CP_FORMAT");
  const head = await openHead(note, policy, "checkpoint.txt");
  if (!isMet(policy, new Set(head.seen.keys()))) {
    throw new Rejected("CP_QUORUM", `seen by ${[...head.seen.keys()].join(", ") || "nobody"} of those in your policy`);
  }
  if (parts.manifest.origin !== head.origin) throw new Rejected("MANIFEST", "the manifest names another log than the head");
  const earlier = await checkEarlier(parts, policy, head);
  if (pinned) await checkPinned(pinned, head, earlier);
  const counted = await readCount(parts, head);
  const bounds = boundsOf([timesOf(head, policy), ...earlier.times].filter(Boolean));
  const doubts = checkAge(head, counted, bounds(counted.index));
  const entries = await checkEntries(parts, head, note, counted);
  for (const entry of entries) entry.bounds = bounds(entry.index);
  return {
    policy, head, counted, entries,
    manifest: parts.manifest,
    manifestHash: parts.manifestHash,
    quorumAt: metAt(policy, head.seen),
    attachments: checkFiles(parts, entries),
    findings: [...doubts, ...(policy.quorum === "none" ? [] : findingsOf(entries))],
  };
}

async function checkEarlier(parts, policy, head) {
  const [times, proofs] = [[], new Map()];
  const lines = linesOf(parts.text("checkpoints.jsonl"), "checkpoints.jsonl");
  for (const line of lines) {
    let part, proof;
    try {
      part = readCanonical(line);
      proof = part.proof.map((step) => toHex(fromBase64(step)));
      if (!hasKeys(part, "first last proof size") || !isIndex(part.size) || proofs.has(part.size)) throw new Error("form");
    } catch (error) {
      throw new Rejected("FORM", `checkpoints.jsonl: ${error.message}`);
    }
    proofs.set(part.size, proof);
    for (const note of [part.first, part.last].filter(Boolean)) {
      const one = await openHead(note, policy, `the head at ${part.size}`);
      if (one.origin !== head.origin) throw new Rejected("CP_ORIGIN", `the head at ${part.size} is of another log`);
      if (one.size !== part.size || one.size > head.size) throw new Rejected("FORM", `the head at ${part.size} is of size ${one.size}`);
      if (!(await isContinued(one.size, head.size, one.root, head.root, proof))) {
        throw new Rejected("FORK", `the log of ${head.size} does not continue the log of ${one.size}`);
      }
      times.push(timesOf(one, policy));
    }
  }
  return { times, proofs };
}

async function checkPinned(pinned, head, earlier) {
  const [origin, size, root] = pinned.split("\n");
  const bytes = fromBase64(root || "");
  if (!bytes || !/^[0-9]+$/.test(size)) throw new Error("The state does not hold a head of a log.");
  if (origin !== head.origin) throw new Rejected("CP_ORIGIN", `you have seen heads of ${origin} before`);
  if (head.size < Number(size)) throw new Rejected("ROLLBACK", `${head.size} entries; you have seen ${size}`);
  const proof = Number(size) === head.size ? [] : earlier.proofs.get(Number(size));
  if (!proof) throw new Rejected("UNCONNECTED", `ask for a bundle that continues size ${size}`);
  if (!(await isContinued(Number(size), head.size, toHex(bytes), head.root, proof))) {
    throw new Rejected("FORK", `the log of ${head.size} does not continue the log of ${size}`);
  }
}

function timesOf(head, policy) {
  const met = metAt(policy, head.seen);
  return met === null ? null : { size: head.size, first: metSince(policy, head.seen), met };
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

// The list that counts the entries must not be much older than the head, else it would
// hide what was recorded since.
function checkAge(head, counted, [lower, upper]) {
  if (counted.index + 1 === head.size || !head.seen.size) return [];
  const seenAt = Math.min(...head.seen.values());
  if (upper !== null && counted.atMs > (upper + SKEW) * 1000) {
    throw new Rejected("INCOMPLETE", "the entries were counted earlier than the list says");
  }
  const seconds = seenAt - Math.floor(counted.atMs / 1000);
  if (seconds > HEADS_AGE) {
    throw new Rejected("INCOMPLETE", `the entries were counted ${Math.floor(seconds / 60)} minutes before the head was seen`);
  }
  return lower === null || seenAt - lower > HEADS_AGE ? [["COUNT_WIDE", 0, 1]] : [];
}

async function checkEntries(parts, head, note, counted) {
  const proofs = readProofs(parts.text("proofs.txt", "PROOF")).values();
  const entries = [];
  const erased = new Map();
  const logged = new Map();
  let [seq, index, before] = [parts.manifest.from_seq - 1, -1, null];
  if (seq === 0) before = GENESIS;
  for (const [place, text] of linesOf(parts.text("entries.jsonl"), "entries.jsonl").entries()) {
    const line = readLine(text, "entries.jsonl", place + 1);
    const hashed = line.hashed || (await leafHash(line.leaf));
    await checkProof(proofs.next().value, line, hashed, head, note);
    seq += 1;
    const entry = line.hashed ? { ...line, seq } : await openLine(line, `entry ${line.index} of the log`);
    if (!line.hashed) checkPlace(entry, seq, parts.manifest.stream, before);
    if (line.index <= index) throw new Rejected("ORDER", `entry ${seq} stands before entry ${seq - 1}`);
    if (seq === counted.seq && hashed !== counted.hash) throw new Rejected("FORK", `the log counted another entry ${seq}`);
    if (seq <= counted.seq !== line.index < counted.upto) throw new Rejected("INCOMPLETE", "the log counted wrongly");
    noteErasures(entry, erased, logged);
    [index, before] = [line.index, hashed];
    entries.push(entry);
  }
  if (seq < counted.seq) throw new Rejected("INCOMPLETE", `the log counts ${counted.seq}, the last here is ${seq}`);
  await checkErasures(parts, proofs, head, note, erased, logged);
  return entries;
}

function checkPlace(entry, seq, stream, before) {
  if (entry.stream !== stream) throw new Rejected("STREAM", `entry ${entry.index} of the log`);
  if (entry.seq !== seq) throw new Rejected("SEQ_GAP", `entry ${entry.seq} stands where ${seq} should`);
  if (before !== null && entry.prev !== before) throw new Rejected("PREV", `entry ${seq} does not follow entry ${seq - 1}`);
}

function noteErasures(entry, erased, logged) {
  for (const [name, reason] of Object.entries(entry.withheld || {})) {
    if (reason === "erased") erased.set(`${entry.stream} ${entry.seq} ${name}`, entry.index);
  }
  if (entry.type !== "disclosure.erased") return;
  const body = entry.fields.body;
  const said = (body && typeof body === "object" ? body : entry.fields).erased;
  for (const one of Array.isArray(said) ? said : []) {
    logged.set(`${one.stream} ${one.seq} ${one.field}`, entry.index);
  }
}

async function checkErasures(parts, proofs, head, note, erased, logged) {
  const text = parts.has("erasures.jsonl") ? parts.text("erasures.jsonl") : "";
  for (const [place, one] of linesOf(text, "erasures.jsonl").entries()) {
    const line = readLine(one, "erasures.jsonl", place + 1);
    if (line.hashed) throw new Rejected("FORM", "erasures.jsonl holds something else");
    await checkProof(proofs.next().value, line, await leafHash(line.leaf), head, note);
    const entry = await openLine(line, `entry ${line.index} of the log`);
    if (entry.type !== "disclosure.erased") throw new Rejected("FORM", "erasures.jsonl holds something else");
    noteErasures(entry, erased, logged);
  }
  if (!proofs.next().done) throw new Rejected("PROOF", "there is a proof of no entry");
  for (const [field, index] of erased) {
    if (!((logged.get(field) ?? -1) > index)) throw new Rejected("ERASED_UNLOGGED", field);
  }
}

// Every file is one that an entry names; returns how many there are.
function checkFiles(parts, entries) {
  const named = new Set();
  const look = (value) => {
    if (typeof value !== "object" || value === null) return;
    if (isHash(value.sha256)) named.add(value.sha256);
    Object.values(value).forEach(look);
  };
  for (const entry of entries) Object.values(entry.fields || {}).forEach(look);
  const files = parts.manifest.files.filter((one) => one.path.startsWith("attachments/"));
  for (const { path, sha256: digest } of files) {
    if (path !== `attachments/${digest}`) throw new Rejected("ATTACHMENT", `${path} has another hash`);
    if (!named.has(digest)) throw new Rejected("ATTACHMENT", `no entry names ${path}`);
  }
  return files.length;
}

function findingsOf(entries) {
  const found = [];
  let wide = 0;
  for (const { seq, atMs, bounds: [lower, upper] } of entries) {
    if (atMs !== undefined && lower !== null && atMs < (lower - MMD) * 1000) found.push(["BACKDATED", seq]);
    if (atMs !== undefined && upper !== null && atMs > (upper + SKEW) * 1000) found.push(["POSTDATED", seq]);
    if (atMs !== undefined && (lower === null || upper === null || upper - lower > GAP)) wide += 1;
  }
  if (wide) found.push(["TIME_WIDE", 0, wide]);
  return found;
}
