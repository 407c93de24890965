// Ed25519 signatures: the browser's own where it has them, else these lines.

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const ROOT_OF_MINUS_1 = 19681161376707505956807079304988542015446066515923890162744021073123829784752n;
const BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960n;

const mod = (value, by = P) => ((value % by) + by) % by;

function power(base, exponent) {
  let result = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * b) % P;
    b = (b * b) % P;
  }
  return result;
}

function littleEndian(bytes) {
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`);
}

// Points as [X, Y, Z, T], with x = X/Z, y = Y/Z and x·y = T/Z.
function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * D * t1 * t2);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function multiply(scalar, point) {
  let result = [0n, 1n, 1n, 0n];
  for (let s = scalar, p = point; s > 0n; s >>= 1n) {
    if (s & 1n) result = add(result, p);
    p = add(p, p);
  }
  return result;
}

function isSame([x1, y1, z1], [x2, y2, z2]) {
  return mod(x1 * z2 - x2 * z1) === 0n && mod(y1 * z2 - y2 * z1) === 0n;
}

// Returns null for bytes that are no point in its one spelling.
function readPoint(bytes) {
  const number = littleEndian(bytes);
  const y = number & (2n ** 255n - 1n);
  if (y >= P) return null;
  return pointOf(y, number >> 255n);
}

function pointOf(y, sign) {
  const square = mod((y * y - 1n) * power(D * y * y + 1n, P - 2n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x - square) !== 0n) x = mod(x * ROOT_OF_MINUS_1);
  if (mod(x * x - square) !== 0n || (x === 0n && sign)) return null;
  if ((x & 1n) !== sign) x = mod(-x);
  return [x, y, 1n, mod(x * y)];
}

// A key that multiplies to nothing would verify anything.
function isKey(bytes) {
  const point = bytes.length === 32 ? readPoint(bytes) : null;
  return point !== null && !isSame(multiply(8n, point), [0n, 1n, 1n, 0n]);
}

async function verifiesSlowly(key, signature, message) {
  const point = readPoint(key);
  const r = readPoint(signature.subarray(0, 32));
  const s = littleEndian(signature.subarray(32));
  if (!point || !r || s >= ORDER) return false;
  const hashed = await crypto.subtle.digest("SHA-512", join(signature.subarray(0, 32), key, message));
  const k = mod(littleEndian(new Uint8Array(hashed)), ORDER);
  return isSame(multiply(s, pointOf(BASE_Y, 0n)), add(r, multiply(k, point)));
}

const importedKeys = new Map();

async function importKey(bytes) {
  const name = toHex(bytes);
  if (!importedKeys.has(name)) {
    const made = crypto.subtle.importKey("raw", bytes, "Ed25519", false, ["verify"]);
    importedKeys.set(name, await made.catch(() => null));
  }
  return importedKeys.get(name);
}

async function verifiesEd25519(key, signature, message, { slowly = false } = {}) {
  if (signature.length !== 64) return false;
  const imported = slowly ? null : await importKey(key);
  if (imported === null) return verifiesSlowly(key, signature, message);
  return crypto.subtle.verify("Ed25519", imported, signature, message);
}
