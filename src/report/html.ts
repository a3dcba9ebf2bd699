//
//   A page as one HTML file: no other file, no network. Charts are Vega-Lite specifications beside the scripts that draw
//   them; a policy in the head forbids the page to load anything.
//
//     Page ──► sections (figures, table, notes) ─┐
//     scripts (vega, vega-lite, boot) ───────────┴──► html
//

import { escapeMarkup, scriptJson } from "./escape.js";
import { BOOT } from "./html-script.js";
import { STYLE } from "./html-style.js";
import type { Attachment, Chart, Figure, Page, Section } from "./page.js";

const POLICY = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:";

/** The document; `scripts` are the libraries that draw its charts. */
export function htmlOf(page: Page, scripts: readonly string[]): string {
  const charts: Record<string, Chart> = {};
  const body = page.sections.map((section) => sectionOf(section, charts)).join("\n");
  const drawing = Object.keys(charts).length === 0 ? "" : drawingOf(charts, scripts);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escapeMarkup(page.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeMarkup(page.title)}</h1>
<noscript><p class="note">Charts need scripts; the tables say the same.</p></noscript>
${body}
<footer>${escapeMarkup(page.legend)}</footer>
</main>
${drawing}</body>
</html>
`;
}

function drawingOf(charts: Readonly<Record<string, Chart>>, scripts: readonly string[]): string {
  const libraries = scripts.map((text) => `<script>${text.replaceAll("</script", "<\\/script")}</script>`);
  return `<script type="application/json" id="charts">${scriptJson(charts)}</script>
${libraries.join("\n")}
<script>${BOOT}</script>
`;
}

function sectionOf(section: Section, charts: Record<string, Chart>): string {
  const { title, source, figures = [], rows, notes, hint, attachments = [] } = section;
  const badge = source === undefined ? "" : ` <span class="source">${escapeMarkup(source)}</span>`;
  const parts = [
    `<h2>${escapeMarkup(title)}${badge}</h2>`,
    hint === undefined ? "" : `<p class="note interactive">${escapeMarkup(hint)}</p>`,
    ...figures.map((figure) => figureOf(figure, charts)),
    rows.length === 0 ? "" : tableOf(section),
    ...notes.map((note) => `<p class="note">${escapeMarkup(note)}</p>`),
    ...attachments.map(attachmentOf),
  ];
  return `<section>\n${parts.filter((part) => part !== "").join("\n")}\n</section>`;
}

function attachmentOf({ name, text }: Attachment): string {
  const link = `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`;
  const download = `<a class="interactive" download="${escapeMarkup(name)}" href="${link}">save</a>`;
  return `<details><summary>${escapeMarkup(name)} ${download}</summary><pre>${escapeMarkup(text)}</pre></details>`;
}

function figureOf(figure: Figure, charts: Record<string, Chart>): string {
  const caption = `<figcaption>${escapeMarkup(figure.caption)}</figcaption>`;
  if ("svg" in figure) return `<figure>${figure.svg}${caption}</figure>`;
  charts[figure.name] = figure.chart;
  return `<figure><div class="chart" id="chart-${escapeMarkup(figure.name)}"></div>${caption}</figure>`;
}

function tableOf({ columns = [], rows, sortable = false }: Section): string {
  const kind = columns.length === 0 ? "facts" : sortable ? "figures sortable" : "figures";
  const places = columns.map((_, i) => (i > 0 && isText(rows[0].cells[i - 1] ?? "") ? TEXT : ""));
  const head = (text: string) => (sortable ? `<button>${escapeMarkup(text || "kind")}</button>` : escapeMarkup(text));
  const heads = columns.map((one, i) => `<th${places[i]}>${head(one)}</th>`);
  const body = rows.map(({ id, label, cells, total }) => {
    const values = cells.map((text) => `<td${isText(text) ? TEXT : ""}>${escapeMarkup(text)}</td>`);
    const named = id === undefined ? "" : ` data-id="${escapeMarkup(id)}"`;
    return `<tr${named}${total ? ' class="total"' : ""}><th scope="row">${escapeMarkup(label)}</th>${values.join("")}</tr>`;
  });
  const heading = columns.length === 0 ? "" : `<thead><tr>${heads.join("")}</tr></thead>`;
  return `<div class="table"><table class="${kind}">${heading}<tbody>\n${body.join("\n")}\n</tbody></table></div>`;
}

const TEXT = ' class="text"';

/** Sentences and words stand left, numbers right. */
function isText(text: string): boolean {
  return /^[^\d<>+-]|: /.test(text);
}
