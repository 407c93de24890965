// The entries: each in the log, in its place, with what it discloses.

const GENESIS = "0".repeat(64);
const PROOF_HEADER = "c2sp.org/tlog-proof@v1\n";
const LEAF_KEYS = "at commit prev seq stream type v";
const AT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/;
const MOST_STEPS = 63;
const SYSTEM_STREAM = "00000000-0000-0000-0000-000000000000";

// Milliseconds since 1970 of an instant of the record; null for another spelling, and for
// a day that there is not, of which a browser would make the next.
function instantMs(text) {
  if (typeof text !== "string" || !AT.test(text) || text.startsWith("0000")) return null;
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === text ? ms : null;
}

function instant(ms) {
  return ms === null || ms === undefined ? "?" : `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function linesOf(text, path) {
  if (text === "") return [];
  if (!text.endsWith("\n")) throw new Rejected("FORM", `${path} does not end in a newline`);
  return text.slice(0, -1).split("\n");
}

function readLine(line, path, number) {
  try {
    const found = readCanonical(line);
    if (!isIndex(found.index)) throw new Error("an index");
    if (hasKeys(found, "index leaf_hash withheld_entry")) {
      if (!isHash(found.leaf_hash) || !isAuthority(found.withheld_entry)) throw new Error("a withheld entry");
      return { index: found.index, hashed: found.leaf_hash, authority: found.withheld_entry };
    }
    const leaf = fromBase64(found.leaf);
    const isForm =
      hasKeys(found, "disclosed index leaf withheld") && leaf &&
      Object.values(found.disclosed).every((text) => typeof text === "string") &&
      Object.values(found.withheld).every(isReason);
    if (!isForm) throw new Error("an entry has index, leaf, disclosed and withheld");
    return { index: found.index, leaf, disclosed: found.disclosed, withheld: found.withheld };
  } catch (error) {
    throw new Rejected("FORM", `${path}, line ${number}: ${error.message}`);
  }
}

const isAuthority = (text) => typeof text === "string" && /^[\x20-\x7e]{1,200}$/.test(text);
const isReason = (text) => text === "erased" || (isAuthority(String(text).slice(9)) && text.startsWith("redacted:"));

function readLeaf(bytes, where) {
  try {
    const leaf = readCanonical(decodeUtf8(bytes));
    const isForm =
      hasKeys(leaf, LEAF_KEYS) && leaf.v === 1 && bytes.length <= 65535 &&
      instantMs(leaf.at) !== null &&
      /^[a-z][a-z_]{0,31}\.[a-z][a-z_]{0,31}$/.test(leaf.type) &&
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(leaf.stream) &&
      isHash(leaf.prev) && isIndex(leaf.seq) && leaf.seq > 0 && (leaf.seq === 1) === (leaf.prev === GENESIS) &&
      typeof leaf.commit === "object" && !Array.isArray(leaf.commit) &&
      Object.entries(leaf.commit).every(([name, digest]) => /^[a-z0-9_]{1,32}$/.test(name) && /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(digest));
    if (!isForm) throw new Error("a leaf does not have its form");
    return leaf;
  } catch (error) {
    throw new Rejected("LEAF_NOT_CANONICAL", `${where}: ${error.message}`);
  }
}

async function openField(leaf, name, text) {
  const wrong = (why) => new Rejected("DISCLOSURE", `entry ${leaf.seq}: ${name}: ${why}`);
  if (toBase64url(await sha256(UTF8.encode(text))) !== leaf.commit[name]) throw wrong("the digest in the leaf is another");
  try {
    const parts = readStrictly(decodeUtf8(fromBase64url(text)));
    if (!Array.isArray(parts) || parts.length !== 3 || parts[1] !== name) throw new Error("of another field");
    if (fromBase64url(parts[0]).length < 16) throw new Error("its salt is too short");
    writeCanonical(parts[2]);
    return parts[2];
  } catch (error) {
    throw wrong(error.message);
  }
}

// Opens every field of a line, each of which is there once, disclosed or withheld.
async function openLine(line, where) {
  const leaf = readLeaf(line.leaf, where);
  const given = [...Object.keys(line.disclosed), ...Object.keys(line.withheld)].sort();
  if (given.join() !== Object.keys(leaf.commit).sort().join()) {
    throw new Rejected("DISCLOSURE", `entry ${leaf.seq}: a field is left out unsaid, or is there twice`);
  }
  const fields = Object.create(null); // one may be called __proto__
  for (const [name, text] of Object.entries(line.disclosed)) fields[name] = await openField(leaf, name, text);
  return { ...leaf, index: line.index, fields, withheld: line.withheld, atMs: instantMs(leaf.at) };
}

// Parts the proof files, each of which begins with the header.
function splitProofs(text) {
  const [before, ...found] = text.split(PROOF_HEADER);
  if (before !== "") throw new Rejected("PROOF", "proofs.txt does not begin with a proof");
  return found.map((one) => PROOF_HEADER + one);
}

// Reads one proof file. Throws an Error that says what is wrong.
function readProof(text) {
  const cut = text.indexOf("\n\n");
  if (cut < 0) throw new Error("a proof file is some lines, a blank line and a checkpoint");
  const [header, ...lines] = text.slice(0, cut).split("\n");
  if (`${header}\n` !== PROOF_HEADER) throw new Error("it does not begin as a proof file");
  const hasExtra = lines.length > 0 && lines[0].startsWith("extra ");
  const extra = hasExtra ? fromBase64(lines.shift().slice(6)) : null;
  if (hasExtra && !extra?.length) throw new Error("its extra line is not base64");
  const index = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? "");
  const path = lines.map(fromBase64);
  if (!index || path.length > MOST_STEPS || path.some((step) => step?.length !== 32)) {
    throw new Error("it cannot be read");
  }
  return { index: Number(index[1]), path: path.map(toHex), note: text.slice(cut + 2), hasExtra };
}

async function checkProof(text, line, hashed, head, note) {
  let proof;
  try {
    proof = readProof(text ?? "");
  } catch (error) {
    throw new Rejected("PROOF", `entry ${line.index} of the log: ${error.message}`);
  }
  if (proof.index !== line.index || proof.note !== note || proof.hasExtra) {
    throw new Rejected("PROOF", `it is not of entry ${line.index} of the log and this head`);
  }
  if (!(await isIncluded(hashed, line.index, head.size, proof.path, head.root))) {
    throw new Rejected("INCLUSION", `entry ${line.index} of the log`);
  }
}

// What the log counted of the stream: {seq, hash, upto, index, atMs}.
async function readCount(parts, head) {
  const wrong = (why) => new Rejected("INCOMPLETE", why);
  if (!parts.has("completeness.json")) throw wrong("there is no completeness.json");
  let part, leaf, heads, line, hashed;
  try {
    part = readCanonical(parts.text("completeness.json"));
    const bytes = fromBase64(part.leaf);
    leaf = readLeaf(bytes, "completeness.json");
    hashed = await leafHash(bytes);
    heads = await openField(leaf, "heads", part.disclosure);
    line = /^([0-9a-f-]{36}) ([1-9][0-9]{0,15}) ([0-9a-f]{64})$/.exec(part.line);
  } catch (error) {
    throw wrong(`completeness.json: ${error.message}`);
  }
  const isForm =
    leaf.stream === SYSTEM_STREAM && leaf.type === "log.heads" && line && heads && isHash(heads.root) &&
    hasKeys(heads, "n root upto") && isIndex(heads.n) && isIndex(heads.upto) && isIndex(part.index) && isIndex(part.line_index);
  if (!isForm) throw wrong("what counts the entries is not the log's own");
  const hex = (steps) => steps.map((step) => toHex(fromBase64(step) || []));
  if (!(await isIncluded(hashed, part.index, head.size, hex(part.path), head.root))) {
    throw new Rejected("INCLUSION", "the list of heads is not in the log");
  }
  const lineHash = await leafHash(UTF8.encode(part.line));
  if (!(await isIncluded(lineHash, part.line_index, heads.n, hex(part.line_path), heads.root))) {
    throw wrong("the line is not in the log's list of heads");
  }
  if (line[1] !== parts.manifest.stream || heads.upto > part.index) throw wrong("the line is of another stream, or counts too much");
  return { seq: Number(line[2]), hash: line[3], upto: heads.upto, index: part.index, atMs: instantMs(leaf.at) };
}
