// Copy the field that a button names: <button data-copy="ID" hidden>Copy</button>.
// The button stays hidden without JavaScript; the field can still be selected.
const COPIED_MS = 2000;

const copyField = async (button) => {
  const field = document.getElementById(button.dataset.copy);
  const label = button.textContent;
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  } catch {
    // No permission, or not a secure origin: the text is selected, so Ctrl+C works.
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => {
    button.textContent = label;
  }, COPIED_MS);
};

const showCopyButtons = (root) => {
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = false;
  }
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copyField(button);
});

document.addEventListener("htmx:load", (event) => showCopyButtons(event.detail.elt));
showCopyButtons(document);
