// Keys of people, made and kept in this browser: the private half never leaves it.
// Signatures are DSSE envelopes, as incidents/ledger/dsse.py reads them.
const PARTY_KEY_STORE = "keys";
const ED25519 = { name: "Ed25519" };

const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));

const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const inKeyStore = (mode, act) =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open("tocsin-party-keys", 1);
    opening.onupgradeneeded = () =>
      opening.result.createObjectStore(PARTY_KEY_STORE, { keyPath: "fingerprint" });
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction(PARTY_KEY_STORE, mode);
      const asked = act(transaction.objectStore(PARTY_KEY_STORE));
      transaction.oncomplete = () => {
        opening.result.close();
        resolve(asked.result);
      };
      transaction.onabort = () => reject(transaction.error);
    };
  });

const partyKeys = {
  // Whether this browser can make and keep a key: it needs https, and Ed25519.
  async areSupported() {
    if (!globalThis.crypto?.subtle || !globalThis.indexedDB) return false;
    try {
      await crypto.subtle.generateKey(ED25519, false, ["sign", "verify"]);
      await this.all();
      return true;
    } catch {
      return false;
    }
  },

  async make(isAutomatic) {
    const pair = await crypto.subtle.generateKey(ED25519, false, ["sign", "verify"]);
    const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", raw));
    return {
      fingerprint: toHex(digest),
      publicText: toBase64(raw),
      privateKey: pair.privateKey,
      isAutomatic,
    };
  },

  all: () => inKeyStore("readonly", (store) => store.getAll()),
  keep: (key) => inKeyStore("readwrite", (store) => store.put(key)),
  forget: (fingerprint) => inKeyStore("readwrite", (store) => store.delete(fingerprint)),

  // The first kept key among these fingerprints, or undefined.
  async among(fingerprints) {
    if (!globalThis.indexedDB) return undefined;
    return (await this.all()).find((key) => fingerprints.includes(key.fingerprint));
  },

  async sign(key, type, text) {
    const utf8 = new TextEncoder();
    const payload = utf8.encode(text);
    const head = utf8.encode(`DSSEv1 ${type.length} ${type} ${payload.length} `);
    const message = new Uint8Array([...head, ...payload]);
    const sig = new Uint8Array(await crypto.subtle.sign(ED25519, key.privateKey, message));
    return {
      payload: toBase64(payload),
      payloadType: type,
      signatures: [{ keyid: key.fingerprint, sig: toBase64(sig) }],
    };
  },
};
