//
//   mobisim check: the simulator against golden results of trusted ones, row by row. A difference is exit code 1.
//

import type { Command } from "commander";
import { CheckFailed, InputError } from "../basics/errors.js";
import { checkBitmod } from "../check/bitmod.js";
import { checkDram } from "../check/dram.js";
import { checkPe } from "../check/pe.js";
import { checkQuant } from "../check/quant.js";
import { type CheckVerdict, linesOf } from "../check/verdict.js";
import { readText } from "../io/files.js";
import { engineBinary, numericBinary } from "../io/inputs.js";
import { startProgress } from "../io/progress.js";
import { DramDriver, loadDram } from "../wasm/dram.js";
import { compileBinary } from "../wasm/instance.js";
import { compileMachine } from "../wasm/load.js";
import { Arithmetic, loadNumeric } from "../wasm/numeric.js";

interface CheckOptions {
  json?: boolean;
}

type Check = (text: string, file: string) => Promise<CheckVerdict>;

/** What can be checked, one line a kind. */
const KINDS: Record<string, Check> = {
  dram: (text, file) => checkDramFile(text, file),
  pe: async (text, file) => checkPe(text, file, await arithmetic()),
  bitmod: async (text, file) => checkBitmod(text, file),
  quant: async (text, file) => checkQuant(text, file),
};

const HELP = `
Everything comes from FILE: devices, machines, model shapes, what is wanted; nothing from hw-configs/.

  dram    rows of Ramulator 2.1 (R2_*) and DRAMsim3 (D3_*). Must be exact: R2_* rows whose device uses the scheduler
          FRFCFS (cycles, every command, row hits, misses and conflicts, mean latency to 1e-6), and D3_*_noref rows of
          S7d, S9d, S8s_N, S8r_N (cycles, ACT, PRE, RD, mean latency). Other rows are informational.
  pe      vectors of the public RTL of BitMoD's PE. Must be exact: dot4, group (aligned variant), dequant. The accumulator of
          the RTL as it is (raw) and the exact dot product of a group are informational.
  bitmod  rows of BitMoD's public artifact, by its cost formula (docs/formula.md). Must be exact: head_rows and
          head_layer_detail (every count, energies to 1e-9), paper_rows (cycles, energies in whole uJ).
  quant   weights after the public quantizer of BitMoD. Must be exact: every bit of every value of every case.

Examples:
  mobisim check dram golden.json            a line for each row that differs; the last line sums up
  mobisim check dram golden.json --json     one JSON document

Exit codes: 0 every row that must be exact is, 1 one is not, 2 the file cannot be read or is malformed`;

/** Options, help and action of `mobisim check`. */
export function define(command: Command): void {
  command
    .argument("<kind>", `what to check: ${Object.keys(KINDS).join(", ")}`, kind)
    .argument("<file>", "golden results, JSON")
    .option("--json", "print the verdict as one JSON document")
    .addHelpText("after", HELP)
    .action((name: string, file: string, options: CheckOptions) => check(name, file, options));
}

async function check(name: string, file: string, options: CheckOptions): Promise<void> {
  const verdict = await KINDS[name](readText(file), file);
  process.stdout.write(options.json ? `${JSON.stringify(verdict, null, 2)}\n` : `${linesOf(verdict).join("\n")}\n`);
  if (verdict.failed > 0) throw new CheckFailed();
}

async function arithmetic(): Promise<Arithmetic> {
  return new Arithmetic(await loadNumeric(await compileBinary(numericBinary())));
}

async function checkDramFile(text: string, file: string): Promise<CheckVerdict> {
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
  if (Object.hasOwn(KINDS, text)) return text;
  throw new InputError(`check ${text}: unknown kind; allowed ${Object.keys(KINDS).join(", ")}`);
}
