// Policies, keys and signed heads of the log.

const LOG_KEY = 1;
const WITNESS_KEY = 4;

async function readKey(text, type) {
  const [name, id, ...rest] = text.split("+");
  const typed = fromBase64(rest.join("+"));
  if (!name || !typed || typed.length !== 33 || typed[0] !== type || !isKey(typed.subarray(1))) {
    throw new Error(`${text} is not the key that belongs here`);
  }
  const own = toHex((await sha256(join(UTF8.encode(`${name}\n`), typed))).subarray(0, 4));
  if (own !== id) throw new Error(`${text}: the id does not belong to this key`);
  return { name, id, type, bytes: typed.subarray(1), called: name };
}

async function readPolicy(text) {
  const policy = { logs: [], witnesses: [], groups: [], quorum: "" };
  const names = new Set(["none"]);
  const members = new Set();
  const define = (name) => {
    if (names.has(name)) throw new Error(`the name ${name} is taken`);
    names.add(name);
  };
  for (const line of text.split("\n")) {
    const [word, ...items] = line.split(/[ \t\r]+/).filter(Boolean);
    if (word === undefined || word.startsWith("#")) continue;
    if (word === "log" && items.length >= 1 && items.length <= 2) {
      policy.logs.push(await readKey(items[0], LOG_KEY));
    } else if (word === "witness" && items.length >= 2 && items.length <= 3) {
      define(items[0]);
      policy.witnesses.push({ ...(await readKey(items[1], WITNESS_KEY)), called: items[0] });
    } else if (word === "group" && items.length >= 3) {
      const [name, wanted, ...of] = items;
      for (const one of of) {
        if (!names.has(one) || one === "none" || members.has(one)) throw new Error(`${one} cannot be a member of ${name}`);
        members.add(one);
      }
      define(name);
      const threshold = wanted === "all" ? of.length : wanted === "any" ? 1 : Number(wanted);
      if (!isIndex(threshold) || threshold < 1 || threshold > of.length) throw new Error(`${wanted} of ${name}`);
      policy.groups.push({ name, threshold, of });
    } else if (word === "quorum" && items.length === 1 && !policy.quorum) {
      if (!names.has(items[0])) throw new Error(`no line above defines ${items[0]}`);
      policy.quorum = items[0];
    } else {
      throw new Error(`“${line}” is not a line of a policy`);
    }
  }
  const keys = [...policy.logs, ...policy.witnesses].map((key) => key.type + toHex(key.bytes));
  if (new Set(keys).size !== keys.length) throw new Error("a key stands there twice");
  if (!policy.quorum) throw new Error("a line with the quorum is missing");
  return policy;
}

function isMet(policy, called) {
  if (policy.quorum === "none") return true;
  const seen = new Map(policy.witnesses.map((one) => [one.called, called.has(one.called)]));
  for (const group of policy.groups) {
    seen.set(group.name, group.of.filter((one) => seen.get(one)).length >= group.threshold);
  }
  return seen.get(policy.quorum);
}

// When the last witness that is needed saw it; null where nobody vouches for a time.
function metAt(policy, seen) {
  if (policy.quorum === "none") return null;
  for (const time of [...new Set(seen.values())].sort((a, b) => a - b)) {
    const by = new Set([...seen].filter(([, at]) => at <= time).map(([name]) => name));
    if (isMet(policy, by)) return time;
  }
  return null;
}

// The latest time such that enough witnesses saw it then or later; who was last heard long
// ago does not count where others are enough.
function metSince(policy, seen) {
  for (const time of [...new Set(seen.values())].sort((a, b) => b - a)) {
    const since = new Set([...seen].filter(([, at]) => at >= time).map(([name]) => name));
    if (isMet(policy, since)) return time;
  }
  return null;
}

function readNote(text, where) {
  const bad = (why) => new Rejected("CP_FORMAT", `${where}: ${why}`);
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x09\x0b-\x1f]/.test(text) || text.length > 1000000) throw bad("control characters, or too long");
  const cut = text.lastIndexOf("\n\n");
  if (cut < 0 || !text.endsWith("\n") || cut + 2 > text.length - 1) throw bad("a note is a text, a blank line and signatures");
  const body = text.slice(0, cut + 1);
  const lines = text.slice(cut + 2, -1).split("\n");
  const signatures = lines.map((line) => {
    const parts = /^— ([^\s+]+) (\S+)$/.exec(line);
    const value = parts && fromBase64(parts[2]);
    if (!value || value.length <= 4) throw bad("a line is not a signature");
    return { name: parts[1], id: toHex(value.subarray(0, 4)), value: value.subarray(4) };
  });
  const by = new Set(signatures.map((one) => `${one.name} ${one.id}`));
  if (signatures.length > 16 || by.size !== signatures.length) throw bad("too many signatures, or two of one key");
  const three = /^([^\n]+)\n(0|[1-9][0-9]{0,15})\n([^\n]+)\n$/.exec(body);
  const root = three && fromBase64(three[3]);
  if (!root || root.length !== 32) throw bad("a head is origin, size and root");
  return { text: body, origin: three[1], size: Number(three[2]), root: toHex(root), signatures };
}

async function openHead(text, policy, where) {
  const head = readNote(text, where);
  const keys = policy.logs.filter((key) => key.name === head.origin);
  if (!keys.length) throw new Rejected("CP_ORIGIN", `${where} is of the log ${head.origin}`);
  const said = UTF8.encode(head.text);
  const signed = signedBy(head, keys);
  for (const { key, value } of signed) {
    if (!(await verifiesEd25519(key.bytes, value, said))) throw new Rejected("CP_LOGSIG", `${where}: the signature of ${key.name} is false`);
  }
  if (!signed.length) throw new Rejected("CP_LOGSIG", `${where}: no key of your policy has signed it`);
  head.seen = await seenBy(head, policy, where);
  return head;
}

// The signatures of a head by keys that are known, each with its key.
function signedBy(head, known) {
  return head.signatures.flatMap((one) => {
    const key = known.find(({ name, id }) => name === one.name && id === one.id);
    return key ? [{ key, value: one.value }] : [];
  });
}

async function seenBy(head, policy, where) {
  const seen = new Map();
  const said = UTF8.encode(head.text);
  for (const { key, value } of signedBy(head, policy.witnesses)) seen.set(key.called, await cosignedAt(key, value, said, where));
  return seen;
}

async function cosignedAt(witness, value, said, where) {
  const time = value.length === 72 ? Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0)) : NaN;
  const message = join(UTF8.encode(`cosignature/v1\ntime ${time}\n`), said);
  if (!Number.isSafeInteger(time) || !(await verifiesEd25519(witness.bytes, value.subarray(8), message))) {
    throw new Rejected("CP_WITNESS", `${where}: the signature of ${witness.called} is false`);
  }
  return time;
}
