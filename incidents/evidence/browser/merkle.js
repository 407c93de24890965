// The tree of the log: RFC 9162 §2.1, with the hashes of nodes kept, for proofs of
// neighbours go through the same ones.

const nodeHashes = new Map();

async function leafHash(leaf) {
  return toHex(await sha256(join(Uint8Array.of(0), leaf)));
}

async function nodeHash(left, right) {
  const both = left + right;
  let hashed = nodeHashes.get(both);
  if (hashed === undefined) {
    hashed = toHex(await sha256(join(Uint8Array.of(1), fromHex(both))));
    if (nodeHashes.size > 200000) nodeHashes.clear();
    nodeHashes.set(both, hashed);
  }
  return hashed;
}

const isOdd = (n) => n % 2 === 1;
const half = (n) => Math.floor(n / 2);

async function isIncluded(hashed, index, size, path, root) {
  if (index >= size) return false;
  let [fn, sn, top] = [index, size - 1, hashed];
  for (const step of path) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      top = await nodeHash(step, top);
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      top = await nodeHash(top, step);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && top === root;
}

async function isContinued(oldSize, size, oldRoot, root, proof) {
  if (oldSize > size) return false;
  if (oldSize === size) return proof.length === 0 && oldRoot === root;
  if (oldSize === 0) return proof.length === 0;
  let [fn, sn] = [oldSize - 1, size - 1];
  while (isOdd(fn)) [fn, sn] = [half(fn), half(sn)];
  const rest = fn === 0 ? [oldRoot, ...proof] : [...proof];
  if (rest.length === 0) return false;
  let [from, to] = [rest[0], rest[0]];
  for (const step of rest.slice(1)) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      from = await nodeHash(step, from);
      to = await nodeHash(step, to);
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      to = await nodeHash(to, step);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && from === oldRoot && to === root;
}
