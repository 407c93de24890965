// Make a key in this browser and prove to Tocsin that it is there: <form data-new-key>.
// The key is kept before it is registered, so that none is registered and lost.
const POSSESSION_TYPE = "application/vnd.tocsin.party-key.v1+json";

const registerNewKey = async (form) => {
  const given = new FormData(form);
  const key = await partyKeys.make(given.get("automatic") === "on");
  // Canonical JSON: these members in this order, without spaces.
  const statement = JSON.stringify({
    email: form.dataset.newKey,
    key: key.publicText,
    label: given.get("label").trim(),
    organisation: given.get("organisation"),
  });
  const envelope = await partyKeys.sign(key, POSSESSION_TYPE, statement);
  await partyKeys.keep(key);
  form.elements.namedItem("envelope").value = JSON.stringify(envelope);
  form.submit();
};

const showAutomatic = (button, key) => {
  button.hidden = false;
  button.textContent = key.isAutomatic ? "Signs by itself: on" : "Signs by itself: off";
  button.setAttribute("aria-pressed", String(key.isAutomatic));
};

// Say of each listed key whether it is in this browser, and let it sign by itself or not.
const markKeptKeys = async () => {
  const kept = new Map((await partyKeys.all()).map((key) => [key.fingerprint, key]));
  for (const mark of document.querySelectorAll("[data-key-here]")) {
    mark.hidden = !kept.has(mark.dataset.keyHere);
  }
  for (const button of document.querySelectorAll("[data-key-automatic]")) {
    const key = kept.get(button.dataset.keyAutomatic);
    if (!key) continue;
    showAutomatic(button, key);
    button.addEventListener("click", async () => {
      key.isAutomatic = !key.isAutomatic;
      await partyKeys.keep(key);
      showAutomatic(button, key);
    });
  }
};

const prepareKeys = async () => {
  const isSupported = await partyKeys.areSupported();
  for (const note of document.querySelectorAll("[data-key-unsupported]")) note.hidden = isSupported;
  if (!isSupported) return;
  await markKeptKeys();
  for (const form of document.querySelectorAll("form[data-new-key]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      registerNewKey(form);
    });
  }
};

prepareKeys();
