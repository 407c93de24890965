// Say whether a page that refreshes itself is current: <p data-live>.
// A page that looks fresh and is not would be worse than one that never refreshes.
const timeFormat = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

const say = (text, isStale) => {
  for (const element of document.querySelectorAll("[data-live]")) {
    element.textContent = text;
    element.toggleAttribute("data-stale", isStale);
  }
};

const isPoll = (event) => Boolean(event.detail.elt?.closest?.("[data-poll]"));

let freshAt = new Date();

const sayStale = () =>
  say(
    `Not updating since ${timeFormat.format(freshAt)} (your time). ` +
      "The connection or the server is down; reload before you rely on this page.",
    true,
  );

// A hidden tab asks for nothing; it asks at once when it is looked at again.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (isPoll(event) && document.hidden) event.preventDefault();
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!isPoll(event)) return;
  if (!event.detail.successful) return sayStale();
  freshAt = new Date();
  say(`Up to date at ${timeFormat.format(freshAt)} (your time).`, false);
});
document.addEventListener("htmx:sendError", (event) => {
  if (isPoll(event)) sayStale();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden || !window.htmx) return;
  for (const element of document.querySelectorAll("[data-poll]")) {
    window.htmx.trigger(element, "refresh");
  }
});
