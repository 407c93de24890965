// Which logs the bundle's log continues: a name whose key was stolen is given up, and the
// same tree goes on under another.

const CONTINUES = "continues.jsonl";
const MOST_FORMERS = 100;

// Returns by their names the logs that this one says it continues, oldest first. That they
// say so in the log is checked with the other entries' proofs.
async function readFormers(parts, head) {
  const formers = new Map();
  let [index, size] = [-1, -1];
  const text = parts.has(CONTINUES) ? parts.text(CONTINUES) : "";
  for (const [place, one] of linesOf(text, CONTINUES).entries()) {
    const former = await readFormer(readLine(one, CONTINUES, place + 1));
    if (former.index <= index || former.size <= size || formers.size === MOST_FORMERS) {
      throw new Rejected("CONTINUED", "the logs before it are not in their order");
    }
    if (former.origin === head.origin || formers.has(former.origin)) {
      throw new Rejected("CONTINUED", `${former.origin} stands there twice`);
    }
    [index, size] = [former.index, former.size];
    formers.set(former.origin, former);
  }
  return formers;
}

async function readFormer(line) {
  if (line.hashed) throw new Rejected("CONTINUED", "the entry that says so is withheld");
  const entry = await openLine(line, `entry ${line.index} of the log`);
  if (entry.stream !== SYSTEM_STREAM || entry.type !== "log.continues") throw new Rejected("FORM", `${CONTINUES} holds something else`);
  const { origin, size, root, note_sha256: noteHash, cosigned, reason } = entry.fields;
  const isForm =
    typeof origin === "string" && origin !== "" && !origin.includes("\n") &&
    isIndex(size) && size >= 1 && size <= line.index && isHash(root) && isHash(noteHash) &&
    typeof cosigned === "boolean";
  if (!isForm) throw new Rejected("CONTINUED", `entry ${line.index} of the log names no head`);
  return { origin, size, root, noteHash, reason: String(reason ?? ""), atMs: entry.atMs, index: line.index };
}

// Reads a head under a name that was given up: its key may be in wrong hands, so the
// policy need not name it, and the witnesses are whom its holder believes.
async function openFormer(text, policy, where) {
  const head = readNote(text, where);
  if (policy.logs.some((key) => key.name === head.origin)) return openHead(text, policy, where);
  head.seen = await seenBy(head, policy, where);
  return head;
}

const originOf = (note) => note.slice(0, note.indexOf("\n"));

async function openEarlier(note, policy, formers, size) {
  const former = formers.get(originOf(note));
  if (!former) return openHead(note, policy, `the head at ${size}`);
  const head = await openFormer(note, policy, `the head at ${size}`);
  if (head.size > former.index) throw new Rejected("CONTINUED", `the head at ${size} is behind the log's end`);
  return head;
}

// Tells whether an entry names this note as the last of its log.
async function isLastOfAFormer(formers, head, note) {
  const former = formers.get(head.origin);
  if (!former || former.size !== head.size) return false;
  if (former.root !== head.root) throw new Rejected("CONTINUED", `${head.origin} ended in another head of this size`);
  return toHex(await sha256(UTF8.encode(note))) === former.noteHash;
}

// A receipt under such a name counts by its witnesses alone.
async function openReceiptHead({ note }, policy, formers, name) {
  if (!formers.has(originOf(note))) return openHead(note, policy, name);
  const head = await openFormer(note, policy, name);
  const isTrusted = policy.logs.some((key) => key.name === head.origin) || isMet(policy, new Set(head.seen.keys()));
  if (!isTrusted) throw new Rejected("RECEIPT", `${name}: too few of your witnesses saw its head, and your policy does not name ${head.origin}`);
  return head;
}

// Reads a state: heads that were seen before, the newest log's first.
function readState(text) {
  return text.replace(/\n$/, "").split("\n\n").map((block) => {
    const [origin, size, root, ended] = block.split("\n");
    const bytes = fromBase64(root || "");
    if (!bytes || !/^[0-9]+$/.test(size)) throw new Error("The state does not hold a head of a log.");
    return { origin, size: Number(size), root: toHex(bytes), text: `${origin}\n${size}\n${root}\n`, isEnded: ended === "ended" };
  });
}

// Compares the head with what was seen before of this log, under whatever name.
async function checkPinned(pins, head, formers, earlier) {
  const found = pins.filter(({ origin }) => origin === head.origin || formers.has(origin));
  if (pins.length && !found.length) throw new Rejected("CP_ORIGIN", `you have seen heads of ${pins.map((one) => one.origin).join(", ")} before`);
  for (const one of found) {
    if (one.origin === head.origin && one.isEnded && head.size > one.size) {
      throw new Rejected("ENDED", `it ended at ${one.size}; this head is ${head.size}`);
    }
    if (head.size < one.size) throw new Rejected("ROLLBACK", `${head.size} entries; you have seen ${one.size}`);
    const proof = one.size === head.size ? [] : earlier.proofs.get(one.size);
    if (!proof) throw new Rejected("UNCONNECTED", `ask for a bundle that continues size ${one.size}`);
    await requireContinued(one, head, proof);
  }
}

// Writes the state to be kept after a success: where a log ended is never forgotten.
function writeState(pins, head, formers) {
  const before = new Map(pins.map((one) => [one.origin, one]));
  const own = before.get(head.origin);
  before.delete(head.origin);
  for (const [name, one] of formers) {
    if (!before.get(name)?.isEnded) before.set(name, { text: `${name}\n${one.size}\n${toBase64(fromHex(one.root))}\n`, isEnded: true });
  }
  const first = own?.isEnded ? own : { text: head.text, isEnded: false };
  return [first, ...before.values()].map((one) => one.text + (one.isEnded ? "ended\n" : "")).join("\n");
}
