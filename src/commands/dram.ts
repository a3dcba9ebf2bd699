//
//   mobisim dram: one stream of requests on one DRAM part, and why its bandwidth is what it is.
//

import type { Command } from "commander";
import { InputError } from "../basics/errors.js";
import { type ChannelOptions, channelVector, type Device, type Mapping, parseDevice } from "../dram/device.js";
import { ADDRESS_LEVELS } from "../dram/device-schema.js";
import { runStream, stepsOf } from "../dram/run.js";
import {
  isStreamName,
  parseStream,
  STREAM_NAMES,
  type StreamSteps,
  streamLength,
  streamRequests,
} from "../dram/streams.js";
import { fileExists, labelOf, readNamed, readText, sha256 } from "../io/files.js";
import { engineBinary } from "../io/inputs.js";
import { lookOfStdout } from "../io/look.js";
import { packageVersion } from "../io/version.js";
import { type DramReport, dramPage } from "../report/dram-page.js";
import { renderPage } from "../report/terminal.js";
import { DramDriver, type DramRequest, loadDram } from "../wasm/dram.js";
import { compileMachine } from "../wasm/load.js";
import { integer, oneOf } from "./option-values.js";

interface DramOptions {
  device: string;
  mapping?: string;
  stream: string;
  requests?: number;
  channels: number;
  refresh: ChannelOptions["refresh"];
  dieGb?: number;
  json?: boolean;
}

const MOST_CHANNELS = 64;

const HELP = `
Streams:
  S1                 sequential                        S5                 random transactions
  S2_B, S3_B         two, four slice streams in        S6                 sequential, every tenth a write
                     turns of B bytes                  S7                 two rows of one bank in turn
  S2o_B              two, 64 KiB apart from each       S7d, S9d           S7, S5 with one request at a time
                     other's bank                      S8s_N, S8r_N       S1, S5, one request every N clocks
  S4                 1 KiB read, 3 KiB skipped
  FILE               one request a line: R 0x1000, or W 4096 200 (not before clock 200); # starts a remark

Examples:
  mobisim dram                                          sequential reads of 64 MiB on DDR4-3200
  mobisim dram --stream S5 --mapping A                  random reads, column bits lowest
  mobisim dram --device lpddr5-6400 --stream S2_1024 --channels 4
  mobisim dram --stream my-requests.txt --refresh off
  mobisim dram --mapping row,bank,column,bankGroup,channel --json

What it says: bandwidth and its share of the peak; for every clock of the data bus the one reason why it carried
nothing (docs/dram.md), adding up; latency of reads; row hits, misses, conflicts; commands; energy.

Exit codes: 0 good, 2 bad input (one line on stderr, nothing on stdout), 70 an internal error`;

/** Options, help and action of `mobisim dram`. */
export function define(command: Command): void {
  command
    .option("--device <name|file>", "part of hw-configs/dram/, or a YAML file", "ddr4-3200")
    .option("--mapping <name|list>", "mapping of the part, or its fields from high to low (default: B, or its first)")
    .option("--stream <name|file>", `${STREAM_NAMES}, or a file`, "S1")
    .option(
      "--requests <n>",
      "the first N requests (default: as the stream says; all of a file)",
      integer("--requests", 1),
    )
    .option("--channels <n>", "channels of the part", channels, 1)
    .option(
      "--refresh <how>",
      "all-bank, per-bank or off",
      oneOf("--refresh", ["all-bank", "per-bank", "off"] as const),
      "all-bank",
    )
    .option("--die-gb <n>", "capacity of a die in Gbit (default: the part's first)", integer("--die-gb", 1))
    .option("--json", "print the result as one JSON document")
    .addHelpText("after", HELP)
    .action((options: DramOptions) => dram(options));
}

async function dram(options: DramOptions): Promise<void> {
  const report = await reportOn(options);
  process.stdout.write(options.json ? toJson(report) : renderPage(dramPage(report), lookOfStdout()));
}

async function reportOn(options: DramOptions): Promise<DramReport> {
  const { stream, channels, refresh, dieGb } = options;
  const file = readNamed("hw-configs/dram", options.device, ".yaml");
  const inputs = [{ name: file.label, sha256: file.sha256 }];
  const part = parseDevice(file.text, file.label);
  const mapping = options.mapping ?? defaultMapping(part);
  const how: ChannelOptions = { channels, mapping: mappingOf(mapping), refresh, refreshStaggerClocks: 0 };
  if (dieGb !== undefined) how.dieGb = dieGb;
  const device = channelVector(part, how);
  const requests = isStreamName(stream) ? namedRequests(options, stepsOf(part, how)) : ownRequests(options, inputs);
  const driver = new DramDriver(await loadDram(await compileMachine(engineBinary())), device);
  const run = runStream(part, how, driver, requests);
  return { version: packageVersion(), inputs, device: part.name, mapping, refresh, channels, stream, ...run };
}

function namedRequests(options: DramOptions, steps: StreamSteps): Iterable<DramRequest> {
  const count = options.requests ?? streamLength(options.stream, steps.transactionBytes);
  return streamRequests(options.stream, count, steps);
}

function ownRequests({ stream, requests }: DramOptions, inputs: DramReport["inputs"]): DramRequest[] {
  if (/^\w+$/.test(stream) && !fileExists(stream))
    throw new InputError(`--stream is ${stream}; allowed ${STREAM_NAMES}, or a file`);
  const text = readText(stream);
  const all = parseStream(text, labelOf(stream));
  inputs.push({ name: labelOf(stream), sha256: sha256(text) });
  if (requests === undefined || requests <= all.length) return all.slice(0, requests);
  throw new InputError(`--requests is ${requests}; allowed at most ${all.length}, the requests of ${labelOf(stream)}`);
}

function toJson(report: DramReport): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

// --- values ---

function channels(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count <= MOST_CHANNELS && Number.isInteger(Math.log2(count))) return count;
  throw new InputError(`--channels is ${text}; allowed powers of two up to ${MOST_CHANNELS}`);
}

function defaultMapping({ mappings }: Device): string {
  return "B" in mappings ? "B" : (Object.keys(mappings)[0] ?? ADDRESS_LEVELS.join(","));
}

function mappingOf(text: string): string | Mapping {
  if (!text.includes(",")) return text;
  return text.split(",").map((word) => oneOf("--mapping", ADDRESS_LEVELS)(word.trim()));
}
