// The page: takes the files, shows the verdict. Everything is written as text, never as
// markup, for a bundle may hold whatever its maker wanted.

const WORDS = {
  ARCHIVE: "The file is not a bundle, or is built to mislead whoever unpacks it.",
  TOO_LARGE: "The bundle holds more than this page can take.",
  MANIFEST: "The list of files is wrong, or is not of these files.",
  MANIFEST_HASH: "A file was changed after the bundle was made.",
  FORM: "A part of the bundle does not have its form.",
  CP_FORMAT: "A signed head of the log cannot be read.",
  CP_ORIGIN: "The head is of a log that your policy does not name.",
  CP_LOGSIG: "The log has not signed this head.",
  CP_WITNESS: "The signature of a witness on a head is false.",
  CP_QUORUM: "Too few of the witnesses that you trust have seen this head.",
  ROLLBACK: "The log is shorter than you have seen it before.",
  FORK: "Two heads of the log contradict each other.",
  UNCONNECTED: "Nothing shows that the log continues what you have seen before.",
  CONTINUED: "The log is not shown to continue the one that it says it continues.",
  ENDED: "This log was given up under its name before this head.",
  PROOF: "The proof of an entry is missing or is not of this entry and head.",
  INCLUSION: "An entry is not in the log that was signed, or was changed.",
  LEAF_NOT_CANONICAL: "An entry is not in its one exact form.",
  STREAM: "An entry belongs to another record.",
  SEQ_GAP: "An entry is missing, or is there twice.",
  PREV: "An entry does not follow the one before it.",
  ORDER: "Entries stand in another order than in the log.",
  DISCLOSURE: "A content is not the one that was recorded, or is left out unsaid.",
  ERASED_UNLOGGED: "A content is called erased, and no erasure is recorded.",
  ATTACHMENT: "An attached file is not one that was recorded.",
  INCOMPLETE: "It is not shown that the last entries are there.",
  RECEIPT: "An entry for which you kept a receipt is not there, or is another.",
  CLOCK_MISSING: "A deadline passed, and the record does not say so.",
  CLOCK_FALSE: "The record says of a deadline what it contradicts elsewhere.",
  TIME_STAMP: "A time stamp cannot be read, or is not of this log's head.",
  STUMBLED: "The verifier met what it did not expect; nothing is verified.",
};
const DOUBTS = {
  BACKDATED: "recorded later than the entry says",
  POSTDATED: "recorded earlier than the entry says",
  COUNT_WIDE: "only the operator says how lately the entries were counted",
  TIME_WIDE: "no witness bounds the time closely",
  CLOCKS_DISAGREE: "two clocks are over a minute apart, or one saw an old head",
  CLOCK_UNDETERMINED: "the time bounds do not tell whether a deadline was kept",
  CLOCK_MOVED: "the due instant of a deadline changed without an entry that says so",
};
const LEFT_OUT = "This page does not check who signed acknowledgements, nor time stamps by their authority; the program does.";
const UNALTERED = ["CLOCK_FALSE", "CLOCK_MISSING"];
const SHOWN = 2000;

const $ = (id) => document.getElementById(id);

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

const seconds = (at) => instant(at === null ? null : at * 1000);

function show(code, title, isGood) {
  const box = $("result");
  box.replaceChildren();
  box.hidden = false;
  box.dataset.code = code;
  box.className = isGood ? "good" : "bad";
  box.append(element("h2", title));
  box.scrollIntoView({ block: "nearest" });
  return box;
}

function say(box, ...sentences) {
  for (const sentence of sentences.filter(Boolean)) box.append(element("p", sentence));
}

function table(box, rows, className = "") {
  const made = element("table", "", className);
  for (const [name, ...values] of rows) {
    const row = element("tr", "");
    const head = element("th", name);
    head.scope = "row";
    row.append(head, ...values.map((value) => element("td", value)));
    made.append(row);
  }
  box.append(made);
}

function showAcceptance(found) {
  const { head, counted, entries, policy, manifest, findings } = found;
  const last = entries.length ? entries[entries.length - 1].seq : manifest.from_seq - 1;
  const code = findings.length ? "VERIFIED_WITH_FINDINGS" : "VERIFIED";
  const box = show(code, findings.length ? "Verified, with findings" : "Verified", !findings.length);
  say(
    box,
    policy.quorum === "none" && "WITHOUT WITNESSES: your policy asks for none. Nothing here rests on anybody but the operator.",
    `The ${entries.length} entries from number ${manifest.from_seq} to ${last} are in the signed log, unaltered and in their order.`,
    `None is missing up to number ${counted.seq}, as counted ${instant(counted.atMs)}.`,
    ...[...found.formers].map(([name, one]) => `Up to ${one.size} entries the log was signed as ${name}, which was given up ${instant(one.atMs)} (${one.reason || "no reason is given"}). This log begins with all of that one; ${found.seenFormers.has(name) ? "enough" : "TOO FEW"} witnesses of your policy had seen where it ended.`),
    last > counted.seq && "Entries behind that one are genuine; there may be more of them.",
    manifest.from_seq > 1 && `Entries before number ${manifest.from_seq} are not in this bundle.`,
    found.quorumAt !== null && `Enough witnesses of your policy had seen the log by ${seconds(found.quorumAt)}. What was recorded since cannot be in this bundle.`,
    "This proves what was recorded, when and in which order. It does not prove that what was recorded is true.",
    LEFT_OUT,
  );
  table(box, [
    ["Log", head.origin],
    ["Size of the log", String(head.size)],
    ["Root", head.root],
    ["Witnesses", [...head.seen].map(([name, at]) => `${name} (${seconds(at)})`).join(", ") || "none"],
    ["Record", manifest.stream],
    ["Files", `${found.attachments} checked`],
    ...(found.leftOut.length ? [["Files left out", found.leftOut.slice(0, 20).join(", ")]] : []),
    ["Receipts", found.receipts ? `${found.receipts} of yours found, unchanged` : "none given"],
    ["Time stamps", found.stamps ? `${found.stamps}, not checked here` : "none"],
    ["Manifest SHA-256", found.manifestHash],
  ]);
  for (const [doubt, seq, count, detail] of findings.slice(0, 20)) {
    const where = seq ? `entry ${seq}: ` : detail ? "" : `${count} entries: `;
    say(box, `${doubt}: ${where}${DOUBTS[doubt]}${detail ? `: ${detail}` : ""}`);
  }
  if (findings.length > 20) say(box, `… and ${findings.length - 20} more findings.`);
  showClocks(box, found);
  const keep = element("a", "Keep this head as your state");
  keep.href = `data:text/plain;base64,${toBase64(UTF8.encode(found.state))}`;
  keep.download = "state.txt";
  box.append(keep);
  showTimeline(box, entries);
}

function showClocks(box, { clocks, unread }) {
  if (clocks.length) {
    box.append(element("h3", "Deadlines"));
    const rows = clocks.slice(0, SHOWN).map((one) => [one.name, one.due === null ? "without a date" : `due ${instant(one.due)}`, one.outcome]);
    table(box, rows);
    say(box, "Due instants are taken as recorded: whether a law or a calendar was applied rightly is not seen here.");
  }
  if (unread) say(box, `Withheld entries that may be of deadlines: ${unread}. What they say was not compared.`);
}

function showTimeline(box, entries) {
  const made = element("table", "", "timeline");
  const titles = element("tr", "");
  titles.append(...["No.", "Says", "Not before, not after", "What"].map((one) => element("th", one)));
  made.append(titles);
  for (const entry of entries.slice(0, SHOWN)) {
    const row = element("tr", "");
    const bounds = entry.bounds.map(seconds).join("\n");
    row.append(element("td", String(entry.seq)), element("td", instant(entry.atMs)), element("td", bounds), what(entry));
    made.append(row);
  }
  box.append(element("h3", "Entries"));
  if (entries.length > SHOWN) say(box, `The first ${SHOWN} of ${entries.length}.`);
  const scroller = element("div", "", "scroll");
  scroller.append(made);
  box.append(scroller);
}

function what(entry) {
  const cell = element("td", "");
  if (entry.hashed) {
    cell.append(element("em", `withheld: ${entry.authority}`));
    return cell;
  }
  cell.append(element("strong", entry.type));
  for (const [name, reason] of Object.entries(entry.withheld)) cell.append(element("p", `${name}: ${reason}`, "withheld"));
  const details = element("details", "");
  details.append(element("summary", "Fields"), element("pre", JSON.stringify(entry.fields, null, 1)));
  cell.append(details);
  return cell;
}

function showRejection(error) {
  const code = error instanceof Rejected ? error.code : "STUMBLED";
  const box = show(code, `Not verified: ${code}`, false);
  const advice = UNALTERED.includes(code)
    ? "The entries are those that were recorded. But what they say of a deadline contradicts them: do not rely on it before the operator has explained it."
    : "Do not rely on anything in this bundle. Keep it, and your policy: if it was signed, it is evidence against who signed it.";
  say(box, WORDS[code], error instanceof Rejected ? error.detail : String(error), advice);
}

async function verifyChosen() {
  const [file] = $("bundle").files;
  const policy = $("policy").value;
  if (!file || !policy.trim()) {
    say(show("USAGE", "Two things are needed", false), "Choose the bundle, and give your policy.");
    return;
  }
  $("verify").disabled = true;
  say(show("BUSY", "Verifying…", true), "Nothing leaves this computer.");
  try {
    await readPolicy(policy);
  } catch (error) {
    say(show("USAGE", "The policy cannot be used", false), error.message);
    $("verify").disabled = false;
    return;
  }
  const began = performance.now();
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const pinned = $("state").value.trim() || null;
    showAcceptance(await verifyBundle(bytes, policy, { pinned, receipts: await readReceipts() }));
  } catch (error) {
    showRejection(error);
  }
  $("result").dataset.ms = String(Math.round(performance.now() - began));
  $("verify").disabled = false;
}

function readReceipts() {
  return Promise.all([...$("receipts").files].map(async (one) => ({ name: one.name, bytes: new Uint8Array(await one.arrayBuffer()) })));
}

function fill(from, to) {
  $(from).addEventListener("change", async () => {
    const [file] = $(from).files;
    if (file) $(to).value = await file.text();
  });
}

if (!globalThis.crypto?.subtle) {
  say(show("USAGE", "This browser gives no cryptography here", false), "Save this page and open it from your disk, or open it over https.");
} else {
  fill("policy-file", "policy");
  fill("state-file", "state");
  $("verify").addEventListener("click", verifyChosen);
}
