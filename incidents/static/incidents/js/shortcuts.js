// Single keys: a target is any element with data-key="…". A link is followed, the list
// of keys opened, anything else only focused: no key acts on an incident by itself.
// A reader whose voice software types letters can switch them off (WCAG 2.1.4).
const TYPING = 'input:not([type="checkbox"], [type="radio"]), textarea, select';
const STORED = "tocsin.shortcuts";

const isOn = () => localStorage.getItem(STORED) !== "off";

const follow = (target) => {
  if (target.hasAttribute("popover")) target.togglePopover?.();
  else if (target.tagName === "A") target.click();
  else target.focus();
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !isOn()) return;
  if (event.key.length !== 1 || event.target.closest(TYPING)) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  follow(target);
});

for (const box of document.querySelectorAll("[data-shortcuts-switch]")) {
  box.checked = isOn();
  box.addEventListener("change", () => {
    localStorage.setItem(STORED, box.checked ? "on" : "off");
  });
}
