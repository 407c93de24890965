// Bytes, hashes, canonical JSON: the ground that the other parts stand on.

class Rejected extends Error {
  constructor(code, detail) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
  }
}

const UTF8 = new TextEncoder();

function decodeUtf8(bytes) {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

function toHex(bytes) {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

function fromHex(text) {
  return Uint8Array.from(text.match(/../g) || [], (two) => parseInt(two, 16));
}

function join(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function toBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) {
    text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  }
  return btoa(text);
}

// Returns null for anything but the one spelling of some bytes.
function fromBase64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4) return null;
  let raw;
  try {
    raw = atob(text);
  } catch {
    return null;
  }
  const bytes = Uint8Array.from(raw, (char) => char.charCodeAt(0));
  return toBase64(bytes) === text ? bytes : null;
}

function toBase64url(bytes) {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null;
  const padded = text + "=".repeat((4 - (text.length % 4)) % 4);
  return fromBase64(padded.replaceAll("-", "+").replaceAll("_", "/"));
}

// Strings, integers from 0 to 2^53 - 1, booleans, arrays, objects with ASCII keys.
function writeCanonical(value, depth = 0) {
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new Error("half a surrogate pair");
    return JSON.stringify(value);
  }
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`the number ${value}`);
    return String(value);
  }
  if (value === null || depth >= 32) throw new Error("null, or nested too deeply");
  if (Array.isArray(value)) {
    return `[${value.map((one) => writeCanonical(one, depth + 1)).join(",")}]`;
  }
  const keys = Object.keys(value).sort();
  // eslint-disable-next-line no-control-regex
  if (!keys.every((key) => /^[\x00-\x7f]*$/.test(key))) throw new Error("a key");
  const members = keys.map((key) => `${JSON.stringify(key)}:${writeCanonical(value[key], depth + 1)}`);
  return `{${members.join(",")}}`;
}

// Reads an object of which these bytes are the one spelling; a key that is there twice,
// a float or a space makes another.
function readCanonical(text) {
  const value = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error("not an object");
  }
  if (writeCanonical(value) !== text) throw new Error("not the canonical form");
  return value;
}

// Reads JSON that leaves nothing to the program that reads it: a key that is there twice, a
// float or a sign would be one thing here and another, or refused, elsewhere.
function readStrictly(text) {
  const value = JSON.parse(text);
  const bare = text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '""');
  if (/-|[0-9][.eE]/.test(bare)) throw new Error("a number that is not a whole one");
  if (bare.split(":").length - 1 !== countMembers(value)) throw new Error("a key that is there twice");
  return value;
}

function countMembers(value) {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum, one) => sum + countMembers(one), own);
}

function hasKeys(value, names) {
  return Object.keys(value).sort().join() === names.split(" ").sort().join();
}

function isHash(text) {
  return typeof text === "string" && /^[0-9a-f]{64}$/.test(text);
}

function isIndex(value) {
  return Number.isSafeInteger(value) && value >= 0;
}
