//
//   mobisim check: the simulator against golden results of trusted ones, row by row. A difference is exit code 1.
//

import type { Command } from "commander";
import { checkDram } from "../check/dram.js";
import { type CheckVerdict, linesOf } from "../check/verdict.js";
import { CheckFailed, InputError } from "../errors.js";
import { readText } from "../io/files.js";
import { engineBinary } from "../io/inputs.js";
import { startProgress } from "../io/progress.js";
import { DramDriver, loadDram } from "../wasm/dram.js";
import { compileMachine } from "../wasm/load.js";

interface CheckOptions {
  json?: boolean;
}

/** What can be checked. */
const KINDS = ["dram"];

const HELP = `
Everything comes from FILE: device tables, streams, what is wanted; nothing from hw-configs/.

  dram    rows of Ramulator 2.1 (R2_*) and DRAMsim3 (D3_*). Must be exact: R2_* rows whose device uses the scheduler
          FRFCFS (cycles, every command, row hits, misses and conflicts, mean latency to 1e-6), and D3_*_noref rows of
          S7d, S9d, S8s_N, S8r_N (cycles, ACT, PRE, RD, mean latency). Other rows are informational.

Examples:
  mobisim check dram golden.json            a line for each row that differs; the last line sums up
  mobisim check dram golden.json --json     one JSON document

Exit codes: 0 every row that must be exact is, 1 one is not, 2 the file cannot be read or is malformed`;

/** Options, help and action of `mobisim check`. */
export function define(command: Command): void {
  command
    .argument("<kind>", `what to check: ${KINDS.join(", ")}`, kind)
    .argument("<file>", "golden results, JSON")
    .option("--json", "print the verdict as one JSON document")
    .addHelpText("after", HELP)
    .action((_kind: string, file: string, options: CheckOptions) => check(file, options));
}

async function check(file: string, options: CheckOptions): Promise<void> {
  const verdict = await verdictOn(file);
  process.stdout.write(options.json ? `${JSON.stringify(verdict, null, 2)}\n` : `${linesOf(verdict).join("\n")}\n`);
  if (verdict.failed > 0) throw new CheckFailed();
}

async function verdictOn(file: string): Promise<CheckVerdict> {
  const text = readText(file);
  const module = await compileMachine(engineBinary());
  const open = async (device: Int32Array) => new DramDriver(await loadDram(module), device);
  const progress = await startProgress(false);
  try {
    return await checkDram(text, file, open, progress.update);
  } finally {
    progress.stop();
  }
}

function kind(text: string): string {
  if (KINDS.includes(text)) return text;
  throw new InputError(`check ${text}: unknown kind; allowed ${KINDS.join(", ")}`);
}
