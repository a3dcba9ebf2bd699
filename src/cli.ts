//
//   The command line: finds the command, loads it, turns what happened into an exit code.
//
//     0 good · 1 a check failed · 2 bad input (one line on stderr, stdout empty) · 70 a fault of ours · 130 interrupted
//

import { Command, CommanderError } from "commander";
import { CheckFailed, InputError, Interrupted, nearest } from "./basics/errors.js";
import { reason } from "./io/files.js";
import { packageVersion } from "./io/version.js";

/** What a file of src/commands/ exports. */
interface CommandModule {
  /** Adds options, help and the action. The action's promise is the command's work. */
  define(command: Command): void;
}

interface Entry {
  name: string;
  summary: string;
  load(): Promise<CommandModule>;
}

const COMMANDS: Entry[] = [
  {
    name: "run",
    summary: "replay a token trace on a machine: cycles, energy and accuracy",
    load: () => import("./commands/run.js"),
  },
  {
    name: "compare",
    summary: "the options of run with lists for values: one table, a row for every combination",
    load: () => import("./commands/compare.js"),
  },
  {
    name: "report",
    summary: "the architecture report of a run: one HTML file, Markdown, or figures as SVG",
    load: () => import("./commands/report.js"),
  },
  {
    name: "sweep",
    summary: "explore a space of machines and plans: what nothing else beats, in cycles, energy, area, accuracy",
    load: () => import("./commands/sweep.js"),
  },
  {
    name: "models",
    summary: "which models there are, how large they are, where their shapes were read",
    load: () => import("./commands/models.js"),
  },
  {
    name: "dram",
    summary: "replay a stream of requests on a DRAM part: bandwidth, latency, energy, and why",
    load: () => import("./commands/dram.js"),
  },
  {
    name: "accuracy",
    summary: "run the model on a text: perplexity, KL, agreement of every plan, and what routing is worth",
    load: () => import("./commands/accuracy.js"),
  },
  {
    name: "trace",
    summary: "what a trace pack holds; record one of a model's own doing",
    load: () => import("./commands/trace.js"),
  },
  {
    name: "check",
    summary: "compare the simulator with golden results of a trusted one",
    load: () => import("./commands/check.js"),
  },
  {
    name: "formats",
    summary: "number formats: bits, terms, side bytes, true bits per weight",
    load: () => import("./commands/formats.js"),
  },
  {
    name: "reproduce",
    summary: "compute a published result again from its published model",
    load: () => import("./commands/reproduce.js"),
  },
];

const ABOUT = "Cycle-level simulator of a bit-serial, mixed-bit LLM accelerator.";
const EXAMPLES = `
Examples:
  mobisim run                   the embedded model and trace on the edge machine
  mobisim run --help            every option of run, with examples
  mobisim run --json            one JSON document on stdout
  mobisim report result.json --out report.html
  mobisim dram --stream S5      random reads on DDR4: how fast, and why not faster
  mobisim accuracy --tokens 256 how good the model is, slice by slice, measured
  mobisim check dram FILE       is the DRAM model exact?
  mobisim formats               what number formats cost
  mobisim reproduce bitmod      BitMoD's table and headline, from its cost formula

Exit codes: 0 good, 1 a check failed, 2 bad input, 70 an internal error, 130 interrupted`;

/** Runs one command line; the answer is the exit code. */
export async function main(args: string[]): Promise<number> {
  process.stdout.on("error", leaveWithoutOutput);
  process.stderr.on("error", leaveWithoutOutput);
  try {
    await parse(withHelpAsOption(args));
    return 0;
  } catch (error) {
    return explain(error, args);
  }
}

async function parse(args: string[]): Promise<void> {
  const program = new Command("mobisim").description(ABOUT).version(packageVersion()).addHelpText("after", EXAMPLES);
  program
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  for (const { name, summary, load } of COMMANDS) {
    const command = program.command(name).description(summary).copyInheritedSettings(program);
    if (args.includes(name)) (await load()).define(command);
    addVersion(command);
  }
  if (args.length === 0) return program.outputHelp();
  refuseUnknownCommand(args[0]);
  await program.parseAsync(args, { from: "user" });
}

/** `help run` and `sweep help plan` ask for what `run --help` and `sweep plan --help` say. */
function withHelpAsOption(args: string[]): string[] {
  const others = args.filter((word, place) => place > 1 || word !== "help");
  return others.length === args.length ? args : [...others, "--help"];
}

/** --version is known at every level. */
function addVersion(command: Command): void {
  command.version(packageVersion());
  for (const below of command.commands) addVersion(below);
}

function refuseUnknownCommand(word: string): void {
  const names = [...COMMANDS.map((entry) => entry.name), "help"];
  if (word.startsWith("-") || names.includes(word)) return;
  const near = nearest(word, names);
  throw new InputError(`unknown command '${word}'; ${near ? `did you mean ${near}?` : `allowed: ${names.join(", ")}`}`);
}

function explain(error: unknown, args: string[]): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    const where = error.code === "commander.missingArgument" ? `; mobisim ${args[0]} --help says what it wants` : "";
    return complain(error.message.replace(/^error: /, "") + where, 2);
  }
  if (error instanceof CheckFailed) return 1;
  if (error instanceof Interrupted) return complain(error.message, 130);
  if (error instanceof InputError) return complain(error.message, 2);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`mobisim: internal error, please report it with this text and your command line\n${stack}\n`);
  return 70;
}

/** One line, whatever the message holds. */
function complain(message: string, exitCode: number): number {
  process.stderr.write(`${message.replace(/\s*\n\s*/g, " ").trim()}\n`);
  return exitCode;
}

/** A reader like `head` that has seen enough is no error; a full disk is one line. */
function leaveWithoutOutput(error: NodeJS.ErrnoException): never {
  if (error.code === "EPIPE") process.exit(process.exitCode);
  process.exit(complain(`the output cannot be written: ${reason(error)}`, 2));
}
