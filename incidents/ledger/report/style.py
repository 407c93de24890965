"""The one style sheet of report.html: a screen, a telephone, or paper of size A4."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1a1c1e; --soft: #55595e; --line: #c9cdd2;
  --page: #fff; --loud: #9b1c1c; --tint: #fdf3f2; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ea; --soft: #a9afb6; --line: #43484e; --page: #16181a;
    --loud: #ff9d92; --tint: #2a1a19; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1.5rem 0 0.5rem; white-space: pre-wrap; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; border-bottom: 1px solid var(--line); }
p { margin: 0.4rem 0; }
aside { border: 2px solid var(--loud); background: var(--tint); padding: 0.75rem 1rem; }
.loud { font-size: 1.15rem; font-weight: 700; color: var(--loud); }
.soft, .by, dt, th { color: var(--soft); }
.withheld { color: var(--loud); }
pre { white-space: pre-wrap; font: 0.9rem/1.4 ui-monospace, monospace; margin: 0.4rem 0; }
dl { display: grid; grid-template-columns: minmax(7em, 13em) 1fr; gap: 0.15rem 1rem; margin: 0.4rem 0; }
dd { margin: 0; white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.75rem 0.35rem 0;
  border-top: 1px solid var(--line); white-space: pre-wrap; }
th { font-weight: 600; white-space: nowrap; }
.timeline { table-layout: fixed; }
.timeline th:nth-child(1) { width: 3.5em; }
.timeline th:nth-child(2) { width: 7.5em; }
.timeline th:nth-child(3) { width: 12.5em; }
.timeline > tbody > tr > td:nth-child(-n + 3) { overflow-wrap: normal; }
.list td { min-width: 4.5em; }
td:last-child { padding-right: 0; }
td dl { grid-template-columns: minmax(5em, 9em) 1fr; font-size: 0.92em; }
td p { margin: 0.2rem 0; }
@media screen and (max-width: 44rem) {
  thead { display: none; }
  table, tbody, tr, td { display: block; }
  tr { border-top: 1px solid var(--line); padding: 0.5rem 0; }
  td { border: 0; padding: 0.1rem 0; }
  td::before { content: attr(data-is) ": "; color: var(--soft); }
  dl, td dl { grid-template-columns: 7.5em 1fr; gap: 0.15rem 0.6rem; }
  td dl { margin-left: 0.6rem; }
}
@page { size: A4; margin: 18mm 15mm; }
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #444; --line: #999; --page: #fff;
    --loud: #000; --tint: #fff; }
  body { font-size: 9.5pt; }
  main { max-width: none; padding: 0; }
  thead { display: table-header-group; }
  h2 { break-after: avoid; }
  aside, dl > *, td p { break-inside: avoid; }
}
"""
