// Sign an acknowledgement with the key that this browser keeps: <form data-sign>.
// Without such a key the form stays as it is, and the page offers another way.
const isNobodyTyping = () => [null, document.body].includes(document.activeElement);

const signForm = async (form, key) => {
  const said = form.querySelector("[data-sign-said]");
  const button = form.querySelector("[data-sign-button]");
  button.disabled = true;
  said.hidden = false;
  said.textContent = "Signing…";
  try {
    const envelopes = [];
    for (const text of JSON.parse(form.dataset.sign).payloads) {
      envelopes.push(await partyKeys.sign(key, form.dataset.type, text));
    }
    const body = new FormData(form);
    body.set("envelopes", JSON.stringify(envelopes));
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
    if (answer.type !== "opaqueredirect") throw new Error(`answer ${answer.status}`);
    window.location.assign(form.dataset.done);
  } catch (error) {
    button.disabled = false;
    release(form); // of form-guard.js
    said.textContent = `Not signed (${error.message}). It stays acknowledged; try again later.`;
  }
};

const prepareSigning = async () => {
  for (const form of document.querySelectorAll("form[data-sign]")) {
    const key = await partyKeys.among(form.dataset.keys.split(" "));
    if (!key) continue;
    const button = form.querySelector("[data-sign-button]");
    button.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      signForm(form, key);
    });
    if (key.isAutomatic && "automatic" in form.dataset && isNobodyTyping()) signForm(form, key);
  }
};

prepareSigning();
