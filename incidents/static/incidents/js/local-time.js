// Keep <time data-relative> fresh and put the reader's own zone in its title.
// The server writes both the relative text and the absolute UTC text.
const REFRESH_MS = 15_000;
const MINUTE = 60;
const UNITS = [
  ["year", 365 * 24 * 60 * MINUTE],
  ["month", 30 * 24 * 60 * MINUTE],
  ["day", 24 * 60 * MINUTE],
  ["hour", 60 * MINUTE],
  ["minute", MINUTE],
];

const relativeFormat = new Intl.RelativeTimeFormat("en", { numeric: "always" });
const localFormat = new Intl.DateTimeFormat(undefined, {
  dateStyle: "full",
  timeStyle: "long",
});

// The clock of the reader's computer may be wrong, so age is measured from the
// moment that the server wrote the page.
const serverNow = document.querySelector('meta[name="server-now"]')?.content;
const skewMs = serverNow ? Date.parse(serverNow) - Date.now() : 0;

const relativeText = (at) => {
  const seconds = Math.round((at - (Date.now() + skewMs)) / 1000);
  const found = UNITS.find(([, size]) => Math.abs(seconds) >= size);
  if (!found) return seconds > 0 ? "in less than a minute" : "just now";
  return relativeFormat.format(Math.trunc(seconds / found[1]), found[0]);
};

const refreshTimes = () => {
  for (const element of document.querySelectorAll("time[datetime]")) {
    const at = Date.parse(element.dateTime);
    if (Number.isNaN(at)) continue;
    element.title = `Your time: ${localFormat.format(at)}`;
    const relative = element.querySelector("[data-relative]");
    if (relative) relative.textContent = relativeText(at);
  }
};

document.addEventListener("htmx:afterSettle", refreshTimes);
setInterval(refreshTimes, REFRESH_MS);
refreshTimes();
