//
//   mobisim reproduce: a published result again, computed from the published model.
//

import type { Command } from "commander";
import { InputError } from "../basics/errors.js";
import { reproduce as reproduceBitmod } from "../bitmod/reproduce.js";
import { REVISIONS, type Revision } from "../bitmod/tables.js";
import { readComparison } from "../io/bitmod.js";
import { lookOfStdout } from "../io/look.js";
import { packageVersion } from "../io/version.js";
import { type BitmodReport, bitmodCsv, bitmodPage } from "../report/bitmod-page.js";
import { markdownOf } from "../report/markdown.js";
import { renderPage } from "../report/terminal.js";
import { integer, oneOf } from "./option-values.js";

interface ReproduceOptions {
  revision: Revision;
  batch: number;
  context: number;
  format: Format;
  json?: boolean;
}

/** What can be reproduced. */
const KINDS = ["bitmod"];
const FORMATS = ["terminal", "md", "csv"] as const;
type Format = (typeof FORMATS)[number];

const HELP = `
  bitmod    BitMoD (HPCA 2025): 6 models, prefill and decode, 5 machines of the same area, by its closed cost formula
            (docs/formula.md). Revision paper gives the published figures exactly and knows batch 1 only; head is the
            corrected revision. What it assumes is in hw-configs/formula/bitmod.yaml.

Examples:
  mobisim reproduce bitmod                                        the published table and headline
  mobisim reproduce bitmod --revision head --batch 8 --context 2048
  mobisim reproduce bitmod --format csv
  mobisim reproduce bitmod --json                                 one JSON document

Exit codes: 0 good, 2 bad input (one line on stderr, nothing on stdout), 70 an internal error`;

/** Options, help and action of `mobisim reproduce`. */
export function define(command: Command): void {
  command
    .argument("<kind>", `what to reproduce: ${KINDS.join(", ")}`, kind)
    .option(
      "--revision <name>",
      `of the published formula: ${REVISIONS.join(", ")}`,
      oneOf("--revision", REVISIONS),
      "paper",
    )
    .option("--batch <n>", "sequences", integer("--batch", 1), 1)
    .option("--context <n>", "tokens of a prefill; tokens before a decode step", integer("--context", 1), 256)
    .option("--format <name>", FORMATS.join(", "), oneOf("--format", FORMATS), "terminal")
    .option("--json", "print the result as one JSON document")
    .addHelpText("after", HELP)
    .action((_kind: string, options: ReproduceOptions) => {
      process.stdout.write(shown(reportOn(options), options));
    });
}

function reportOn({ revision, batch, context }: ReproduceOptions): BitmodReport {
  if (revision === "paper" && batch !== 1) {
    throw new InputError(`--batch is ${batch}; allowed 1 with --revision paper, which knows no other (head does)`);
  }
  const { comparison, files } = readComparison();
  const reproduction = reproduceBitmod(comparison, { revision, batch, context });
  return { version: packageVersion(), inputs: files, ...reproduction };
}

function shown(report: BitmodReport, { format, json }: ReproduceOptions): string {
  if (json) return `${JSON.stringify(report, null, 2)}\n`;
  if (format === "csv") return bitmodCsv(report);
  return format === "md" ? markdownOf(bitmodPage(report)) : renderPage(bitmodPage(report), lookOfStdout());
}

function kind(text: string): string {
  if (KINDS.includes(text)) return text;
  throw new InputError(`reproduce ${text}: unknown kind; allowed ${KINDS.join(", ")}`);
}
