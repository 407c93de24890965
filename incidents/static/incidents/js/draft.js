// Keep what is typed although the connection, the session or its token has gone.
// Saving itself is htmx's; this looks after what goes wrong with it.
const RETRY_MS = 10_000;

const saver = document.getElementById("draft-saver");
const report = document.getElementById("report");
let isDirty = false;
let isSent = false;
let retry = 0;

const say = (text, link) => {
  const state = document.getElementById("draft-state");
  state.textContent = text;
  if (!link) return;
  const anchor = document.createElement("a");
  Object.assign(anchor, { href: link, target: "_blank", rel: "noopener", textContent: "Sign in in another tab" });
  state.append(" ", anchor, ": what you typed stays here and is saved then.");
};

const later = (act) => {
  clearTimeout(retry);
  retry = setTimeout(act, RETRY_MS);
};

const save = () => window.htmx.trigger(saver, "again");

// A new session has another token; the form gets it from a fresh copy of its page.
const renew = async () => {
  clearTimeout(retry);
  try {
    const answer = await fetch(location.pathname);
    const isSignedOut = new URL(answer.url).pathname === saver.dataset.signIn;
    if (isSignedOut) {
      say("Not saved: you are signed out.", saver.dataset.signIn);
      later(renew);
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector('[name="csrfmiddlewaretoken"]');
    for (const field of document.querySelectorAll('[name="csrfmiddlewaretoken"]')) {
      field.value = fresh.value;
    }
    save();
  } catch {
    offline();
  }
};

const offline = () => {
  say("Not saved: no connection. It is tried again; leave this page open.");
  later(save);
};

if (saver && report) {
  report.addEventListener("input", () => { isDirty = true; });
  report.addEventListener("change", () => { isDirty = true; });
  saver.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) isDirty = false;
  });
  saver.addEventListener("htmx:sendError", offline);
  saver.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (status === 401 || status === 403) renew();
    else {
      say(status === 413 ? "Not saved: it is too long for a draft." : "Not saved yet; it is tried again.");
      if (status !== 413) later(save);
    }
  });
  window.addEventListener("online", save);
  // Coming back from the tab in which one signed in.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && isDirty) save();
    if (document.hidden && isDirty && !isSent) {
      const typed = [...new FormData(report)].filter(([, value]) => typeof value === "string");
      navigator.sendBeacon(saver.getAttribute("hx-post"), new URLSearchParams(typed));
    }
  });
  // Before the guard that lets a form through once.
  document.addEventListener("submit", (event) => {
    if (event.target !== report) return;
    if (navigator.onLine) {
      isSent = true;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    offline();
  }, { capture: true });
}
