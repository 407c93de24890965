// Verifies what stands in a file, a JSON object a line, and writes a verdict a line: what
// the page for browsers says, without a browser. Needs the page's parts before it.

async function verdictOn({ bundle, policy, pinned, receipts }) {
  const kept = receipts.map(({ name, data }) => ({ name, bytes: fromBase64(data) }));
  try {
    const found = await verifyBundle(fromBase64(bundle), policy, { pinned, receipts: kept });
    const doubts = [...new Set(found.findings.map(([doubt]) => doubt))].sort();
    return {
      verdict: doubts.join(" ") || "VERIFIED",
      clocks: found.clocks.map(({ name, due, outcome }) => [name, due, outcome]),
      unread: found.unread,
      left_out: found.leftOut,
      bounds: found.entries.map((entry) => entry.bounds),
    };
  } catch (error) {
    return { verdict: error instanceof Rejected ? error.code : `${error.stack}` };
  }
}

(async () => {
  const lines = require("node:fs").readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean);
  const began = performance.now();
  for (const line of lines) console.log(JSON.stringify(await verdictOn(JSON.parse(line))));
  console.error(Math.round(performance.now() - began));
})();
