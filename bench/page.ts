//
//   The measured part of docs/performance.md: written anew, between its two marks, by npm run bench:full.
//

import { readFileSync, writeFileSync } from "node:fs";
import type { Results } from "./results.js";
import { goalTable, groupTable } from "./tables.js";

const PAGE = "docs/performance.md";
const [BEGIN, END] = ["<!-- measured: written by npm run bench:full -->", "<!-- end of what was measured -->"];

export function writePage(results: Results): void {
  const page = readFileSync(PAGE, "utf8");
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has lost its marks: ${BEGIN} ... ${END}`);
  writeFileSync(PAGE, `${page.slice(0, begin + BEGIN.length)}\n${measuredPart(results)}\n${page.slice(end)}`);
}

function measuredPart({ version, machine, goals, groups, ratios, figures }: Results): string {
  const { cpu, cores, memoryGiB, node, date, load } = machine;
  const rates = figures.map(({ name, perSecond, unit }) => {
    return `| ${name} | ${Math.round(perSecond).toLocaleString("en")} | ${unit} |`;
  });
  return [
    `MoBiSim ${version}, ${date}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, Node ${node}; load ${load}.`,
    goalTable(goals),
    ...groups.map(groupTable),
    ["| ratio within one run | found | CI holds, at least |", "|---|---:|---:|"]
      .concat(ratios.map(({ name, ratio, least }) => `| ${name} | ${ratio.toFixed(1)} | ${least} |`))
      .join("\n"),
    ["| rate | | |", "|---|---:|---|", ...rates].join("\n"),
  ].join("\n\n");
}
