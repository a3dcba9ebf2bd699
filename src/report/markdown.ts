//
//   A report as Markdown: the same page as on the terminal, for a file.
//

import type { Result } from "../result/result.js";
import type { Attachment, Page, Section } from "./page.js";
import { pageOf } from "./sections.js";

/** report.md of one run. */
export function toMarkdown(result: Result): string {
  return markdownOf(pageOf(result));
}

/** Any page. */
export function markdownOf({ title, sections, legend }: Page): string {
  return `${[`# ${escaped(title)}`, ...sections.map(renderSection), `*${escaped(legend)}*`].join("\n\n")}\n`;
}

function renderSection({ title, source, columns, rows, notes, attachments = [] }: Section): string {
  const heads = columns ?? ["", ""];
  const lines = [
    tableLine(heads),
    tableLine(heads.map((_, i) => (i === 0 || columns === undefined ? "---" : "---:"))),
    ...rows.map(({ label, cells, total }) => tableLine([label, ...cells].map((text) => cell(text, total === true)))),
  ];
  const heading = `## ${escaped(title)}${source === undefined ? "" : ` (${source})`}`;
  const table = rows.length === 0 ? [] : [lines.join("\n")];
  return [heading, ...table, ...notes.map(escaped), ...attachments.map(fenced)].join("\n\n");
}

function fenced({ name, text }: Attachment): string {
  return `### ${escaped(name)}\n\n\`\`\`yaml\n${text}\`\`\``;
}

function tableLine(cells: string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function cell(text: string, strong: boolean): string {
  return strong && text !== "" ? `**${escaped(text)}**` : escaped(text);
}

/** Names of models and files must not turn into markup. */
function escaped(text: string): string {
  return text.replace(/[\\`*_|<>#]/g, "\\$&");
}
