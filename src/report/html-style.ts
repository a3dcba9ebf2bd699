//
//   How an HTML report looks, on a screen, a phone and paper.
//

export const STYLE = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #1b1f24; font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; padding-top: .6rem; border-top: 1px solid #d5d9de; }
.source { font-size: .75rem; font-weight: normal; color: #57606a; white-space: nowrap; border: 1px solid #d5d9de; border-radius: 1rem; padding: .1rem .55rem; }
figure { margin: .5rem 0 1rem; }
figure > svg, .chart svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figure > svg { width: 100%; max-width: 44rem; }
.chart { width: 100%; min-height: 3rem; }
figcaption, .note, footer { color: #57606a; font-size: .85rem; }
.note { margin: .3rem 0; overflow-wrap: anywhere; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #eaecef; text-align: right; vertical-align: top; }
th:first-child { text-align: left; padding-left: 0; font-weight: normal; }
.facts th:first-child { overflow-wrap: anywhere; min-width: 6rem; }
.figures th, .figures td { white-space: nowrap; }
thead th { color: #57606a; font-weight: normal; border-bottom: 1px solid #b8bec5; white-space: nowrap; }
.facts td, td.text, thead th.text { text-align: left; overflow-wrap: break-word; }
.figures td.text:last-child { min-width: 14rem; white-space: normal; }
.total th, .total td { font-weight: 600; border-top: 1px solid #b8bec5; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-decoration: underline dotted; }
.sortable tr.total th, .sortable tr.total td { border-top: 0; }
details { margin: .4rem 0; }
summary { cursor: pointer; font-size: .9rem; }
pre { overflow-x: auto; background: #f6f8fa; padding: .6rem; font-size: .75rem; line-height: 1.35; }
footer { margin-top: 2.5rem; border-top: 1px solid #d5d9de; padding-top: .8rem; }
@media (max-width: 40rem) { body { font-size: 14px; } main { padding: .6rem .7rem 2rem; } th, td { padding: .2rem .4rem; } .source { white-space: normal; } }
@media print {
  @page { margin: 16mm 14mm; }
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  h2 { break-after: avoid; margin-top: 1.2rem; }
  figure, tr { break-inside: avoid; }
  .table { overflow: visible; }
  table { font-size: 7.5pt; }
  .figures th, .figures td { white-space: normal; padding: .15rem .3rem; }
  .interactive { display: none; }
}
`;
