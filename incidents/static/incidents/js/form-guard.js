// Send a form once: its buttons go quiet after the first submit.
// The server also refuses the repeat; this only spares the reader the doubt.
const BUSY_TEXT = "Sending…";
// A request that was stopped must not leave a report unsendable.
const RELEASE_MS = 15_000;

const submitters = (form) =>
  form.querySelectorAll('button:not([type="button"]), input[type="submit"]');

const release = (form) => {
  delete form.dataset.sent;
  for (const button of submitters(form)) {
    button.removeAttribute("aria-disabled");
    if (button.dataset.label) button.textContent = button.dataset.label;
  }
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of submitters(form)) button.setAttribute("aria-disabled", "true");
  const pressed = event.submitter;
  if (pressed?.tagName === "BUTTON") {
    pressed.dataset.label = pressed.textContent;
    pressed.textContent = BUSY_TEXT;
  }
  setTimeout(() => release(form), RELEASE_MS);
});

// Coming back with the browser's Back button shows the page as it was left.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) release(form);
});
