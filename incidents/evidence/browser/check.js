// Verifies a bundle from its bytes and a policy alone.

const MMD = 60; // seconds that an entry may take to get into a head that is seen
const SKEW = 30; // seconds that the operator's clock may run ahead
const GAP = 600; // seconds between two bounds of a time before it is called wide
const HEADS_AGE = 900; // seconds that the counting may be older than the head
const MAX_STAMPS = 100;

async function verifyBundle(file, policyText, { pinned = null, receipts = [] } = {}) {
  const policy = await readPolicy(policyText);
  const parts = await openParts(file);
  const note = parts.text("checkpoint.txt", "CP_FORMAT");
  const head = await openHead(note, policy, "checkpoint.txt");
  if (!isMet(policy, new Set(head.seen.keys()))) {
    throw new Rejected("CP_QUORUM", `seen by ${[...head.seen.keys()].join(", ") || "nobody"} of those in your policy`);
  }
  if (parts.manifest.origin !== head.origin) throw new Rejected("MANIFEST", "the manifest names another log than the head");
  const formers = await readFormers(parts, head);
  const earlier = await checkEarlier(parts, policy, head, formers);
  const pins = pinned ? readState(pinned) : [];
  await checkPinned(pins, head, formers, earlier);
  const counted = await readCount(parts, head);
  const stamps = checkStamps(parts, earlier.sizes);
  const { bounds } = earlier;
  const doubts = [...disagreements(earlier.readings), ...checkAge(head, counted, bounds(counted.index))];
  const kept = new Receipts();
  for (const one of receipts) await kept.take(one, policy, head, formers);
  const deadlines = new Deadlines(bounds, policy.quorum !== "none");
  const entries = await checkEntries(parts, head, note, counted, { bounds, kept, deadlines });
  deadlines.finish(Math.max(counted.atMs, (bounds(counted.index)[0] || 0) * 1000));
  return {
    policy, head, counted, entries, stamps, formers,
    seenFormers: earlier.seenFormers,
    state: writeState(pins, head, formers),
    manifest: parts.manifest,
    manifestHash: parts.manifestHash,
    quorumAt: metAt(policy, head.seen),
    receipts: kept.count,
    clocks: [...deadlines.clocks.values()],
    unread: deadlines.unread,
    ...checkFiles(parts, entries),
    findings: [...doubts, ...findingsOf(entries, policy), ...deadlines.findings],
  };
}

// Each time stamp is of a head that is there; whose they are is left to the program.
function checkStamps(parts, sizes) {
  const paths = parts.paths.filter((path) => path.startsWith("tsa/"));
  for (const path of paths) {
    const size = /^tsa\/(0|[1-9][0-9]{0,15})\.tsr$/.exec(path);
    if (!size || !sizes.has(Number(size[1]))) throw new Rejected("TIME_STAMP", `${path} is of no head in the bundle`);
  }
  if (paths.length > MAX_STAMPS) throw new Rejected("TOO_LARGE", `there are over ${MAX_STAMPS} time stamps`);
  return paths.length;
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

async function checkEntries(parts, head, note, counted, { bounds, kept, deadlines }) {
  const proofs = splitProofs(parts.text("proofs.txt", "PROOF")).values();
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
    entry.bounds = bounds(line.index);
    noteErasures(entry, erased, logged);
    await kept.see(entry, hashed);
    deadlines.see(entry);
    [index, before] = [line.index, hashed];
    entries.push(entry);
  }
  if (seq < counted.seq) throw new Rejected("INCOMPLETE", `the log counts ${counted.seq}, the last here is ${seq}`);
  await checkErasures(parts, proofs, head, note, erased, logged);
  kept.check();
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
  const { body } = entry.fields;
  const said = Object.hasOwn(entry.fields, "erased") ? entry.fields.erased : body?.erased;
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
  const said = parts.has(CONTINUES) ? parts.text(CONTINUES) : "";
  for (const [place, one] of linesOf(said, CONTINUES).entries()) {
    const line = readLine(one, CONTINUES, place + 1);
    await checkProof(proofs.next().value, line, await leafHash(line.leaf), head, note);
  }
  if (!proofs.next().done) throw new Rejected("PROOF", "there is a proof of no entry");
  for (const [field, index] of erased) {
    if (!((logged.get(field) ?? -1) > index)) throw new Rejected("ERASED_UNLOGGED", field);
  }
}

// Every file is one that an entry names; returns how many are there, and which are not.
function checkFiles(parts, entries) {
  const [named, wanted] = [new Set(), new Map()];
  const look = (value, isAttachment) => {
    if (typeof value !== "object" || value === null) return;
    if (!Array.isArray(value) && isHash(value.sha256)) {
      named.add(value.sha256);
      if (isAttachment) wanted.set(value.sha256, String(value.name || value.sha256));
    }
    Object.values(value).forEach((one) => look(one, isAttachment));
  };
  for (const entry of entries) {
    for (const [name, value] of Object.entries(entry.fields || {})) look(value, name === "attachments");
  }
  const files = parts.manifest.files.filter((one) => one.path.startsWith("attachments/"));
  for (const { path, sha256: digest } of files) {
    if (path !== `attachments/${digest}`) throw new Rejected("ATTACHMENT", `${path} has another hash`);
    if (!named.has(digest)) throw new Rejected("ATTACHMENT", `no entry names ${path}`);
    wanted.delete(digest);
  }
  return { attachments: files.length, leftOut: [...wanted.values()] };
}

function findingsOf(entries, policy) {
  const found = [];
  let wide = 0;
  for (const { seq, atMs, bounds: [lower, upper] } of entries) {
    if (atMs !== undefined && lower !== null && atMs < (lower - MMD) * 1000) found.push(["BACKDATED", seq]);
    if (atMs !== undefined && upper !== null && atMs > (upper + SKEW) * 1000) found.push(["POSTDATED", seq]);
    if (atMs !== undefined && (lower === null || upper === null || upper - lower > GAP)) wide += 1;
  }
  if (wide && policy.quorum !== "none") found.push(["TIME_WIDE", 0, wide]);
  return found;
}
