// Reads zip files of one narrow form, and nothing that two programs could read apart.

const MAX_BYTES = 1 << 30;
const REQUIRED = ["checkpoint.txt", "checkpoints.jsonl", "entries.jsonl", "proofs.txt"];
const OPTIONAL = ["erasures.jsonl", "continues.jsonl", "completeness.json"];
const DOCUMENT = /^[A-Za-z0-9][A-Za-z0-9_-]{0,59}\.(?:html|json|md|pdf|pem|txt)$/;
const MEMBER = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}(?:\/[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\.[a-z]+)?)?$/;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes) {
  let value = -1;
  for (const byte of bytes) value = CRC_TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ -1) >>> 0;
}

const badArchive = (why) => new Rejected("ARCHIVE", why);

// Returns the members by name, as views of the file.
function readDirectory(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const end = file.length - 22;
  if (end < 0 || view.getUint32(end, true) !== 0x06054b50 || view.getUint16(end + 20, true)) {
    throw badArchive("the file does not end as a zip file");
  }
  const count = view.getUint16(end + 10, true);
  const [length, begins] = [view.getUint32(end + 12, true), view.getUint32(end + 16, true)];
  if (view.getUint32(end + 4, true) || view.getUint16(end + 8, true) !== count) throw badArchive("it has several parts");
  if (count === 0xffff || begins === 0xffffffff) throw new Rejected("TOO_LARGE", "too large for a browser; use the program");
  if (begins + length !== end) throw badArchive("the directory is not at the end of the file");
  const members = new Map();
  const lower = new Set();
  let at = begins;
  for (let number = 0; number < count; number += 1) {
    const member = readListed(file, view, at, end);
    if (lower.has(member.name.toLowerCase())) throw badArchive(`${member.name} is there twice`);
    lower.add(member.name.toLowerCase());
    members.set(member.name, member);
    at += 46 + member.name.length;
  }
  if (at !== end) throw badArchive("the directory holds more than it counts");
  locate(file, view, [...members.values()], begins);
  return members;
}

function readListed(file, view, at, end) {
  if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50) throw badArchive("the directory is damaged");
  const u16 = (offset) => view.getUint16(at + offset, true);
  const u32 = (offset) => view.getUint32(at + offset, true);
  const name = String.fromCharCode(...file.subarray(at + 46, at + 46 + u16(28)));
  if (!MEMBER.test(name) || name.includes("..")) throw badArchive("a name is not safe");
  const kind = (u32(38) >>> 16) & 0o170000;
  const isPlain = u16(30) === 0 && u16(32) === 0 && u16(34) === 0 && (kind === 0 || kind === 0o100000);
  if (!isPlain || (u16(8) & ~0x800) !== 0 || ![0, 8].includes(u16(10))) {
    throw badArchive(`${name} is encrypted, a link, or packed in another way`);
  }
  return { name, flags: u16(8), method: u16(10), crc: u32(16), packed: u32(20), size: u32(24), header: u32(42) };
}

// The members lie one behind the other up to the directory, and say the same as it does.
function locate(file, view, members, ends) {
  let at = 0;
  for (const one of members.sort((a, b) => a.header - b.header)) {
    if (one.header !== at || at + 30 > ends) throw badArchive("files overlap, or something hides between them");
    const u16 = (offset) => view.getUint16(at + offset, true);
    const u32 = (offset) => view.getUint32(at + offset, true);
    const name = String.fromCharCode(...file.subarray(at + 30, at + 30 + u16(26)));
    const said = [u32(0), u16(6), u16(8), u32(14), u32(18), u32(22), u16(28), name].join();
    const told = [0x04034b50, one.flags, one.method, one.crc, one.packed, one.size, 0, one.name].join();
    if (said !== told || (one.method === 0 && one.packed !== one.size)) {
      throw badArchive("a file's own header contradicts the directory");
    }
    one.bytes = file.subarray(at + 30 + name.length, at + 30 + name.length + one.packed);
    at += 30 + name.length + one.packed;
  }
  if (at !== ends) throw badArchive("something hides before the directory");
}

async function unpack(member) {
  const bytes = member.method === 0 ? member.bytes : await inflate(member);
  if (bytes.length !== member.size || crc32(bytes) !== member.crc) {
    throw badArchive(`${member.name} is damaged, or another size than it says`);
  }
  return bytes;
}

async function inflate(member) {
  const whole = new Uint8Array(member.size);
  let at = 0;
  try {
    const stream = new Blob([member.bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    for (const reader = stream.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      if (at + value.length > member.size) {
        await reader.cancel();
        throw new Error("larger than it says");
      }
      whole.set(value, at);
      at += value.length;
    }
  } catch (error) {
    throw badArchive(`${member.name}: ${error.message}`);
  }
  return whole.subarray(0, at);
}

// Returns {manifest, manifestHash, has(path), text(path), paths}: every file compared
// with what the manifest says of it.
async function openParts(file) {
  const members = readDirectory(file);
  const total = [...members.values()].reduce((sum, one) => sum + one.size, 0);
  if (total > MAX_BYTES) throw new Rejected("TOO_LARGE", "too large for a browser; use the program");
  if (!members.has("MANIFEST.json")) throw new Rejected("MANIFEST", "there is no MANIFEST.json");
  const data = await unpack(members.get("MANIFEST.json"));
  const manifest = readManifest(data);
  const listed = new Map(manifest.files.map((one) => [one.path, one]));
  const odd = [...members.keys()].filter((name) => name !== "MANIFEST.json" && !listed.has(name));
  odd.push(...[...listed.keys()].filter((name) => !members.has(name) || name === "MANIFEST.json"));
  odd.push(...REQUIRED.filter((name) => !listed.has(name)));
  odd.push(...[...listed.keys()].filter((name) => !isKnown(name)));
  if (odd.length) throw new Rejected("MANIFEST", `${odd[0]} is missing, or only in the list or only in the file`);
  const texts = new Map();
  for (const [path, { sha256: digest, size }] of listed) {
    if (members.get(path).size !== size) throw new Rejected("MANIFEST_HASH", `${path} has another size`);
    const bytes = await unpack(members.get(path));
    if (toHex(await sha256(bytes)) !== digest) throw new Rejected("MANIFEST_HASH", `${path} is not what the manifest lists`);
    if (REQUIRED.includes(path) || OPTIONAL.includes(path)) texts.set(path, bytes);
  }
  return {
    manifest,
    manifestHash: toHex(await sha256(data)),
    paths: [...listed.keys()],
    has: (path) => listed.has(path),
    text: (path, code) => decoded(texts.get(path), path, code),
  };
}

function isKnown(path) {
  const isInFolder = path.startsWith("attachments/") || path.startsWith("tsa/");
  return isInFolder || REQUIRED.includes(path) || OPTIONAL.includes(path) || DOCUMENT.test(path);
}

function decoded(bytes, path, code = "FORM") {
  try {
    return decodeUtf8(bytes);
  } catch {
    throw new Rejected(code, `${path} is not UTF-8`);
  }
}

function readManifest(data) {
  try {
    const found = readCanonical(decodeUtf8(data));
    const paths = found.files.map((one) => one.path);
    const isForm =
      found.format === "tocsin-evidence/1" &&
      hasKeys(found, "files format from_seq origin stream") &&
      isIndex(found.from_seq) && found.from_seq > 0 &&
      typeof found.origin === "string" && typeof found.stream === "string" &&
      found.files.every((one) => hasKeys(one, "path sha256 size") && isHash(one.sha256) && isIndex(one.size)) &&
      paths.every((path, place) => typeof path === "string" && (!place || paths[place - 1] < path));
    if (!isForm) throw new Error("it does not have its form");
    return found;
  } catch (error) {
    throw new Rejected("MANIFEST", error.message);
  }
}
