//
//   Golden DRAM results: every row is a device, a stream, and what a trusted simulator answered.
//
//     FILE { devices, results } ──► parts as the file resolves them (device-golden.ts), never those of hw-configs/
//                              └──► streams by name (streams.ts) ──► golden driver ──► compared field by field
//
//   Must be exact   R2_* rows whose device uses the scheduler FRFCFS: cycles, every command named, row classes, latency;
//                   D3_*_noref rows of dependent and paced streams: cycles, ACT, PRE, RD, latency.
//   Left out        other policies (FRFCFSRowHit), and devices that the file does not resolve: listed, not compared.
//

import { z } from "zod";
import { Counter } from "../../assembly/contract.js";
import { InputError } from "../basics/errors.js";
import { readJson } from "../basics/json.js";
import { channelVector, transactionBytes } from "../dram/device.js";
import { isStreamName, type StreamSteps, streamRequests } from "../dram/streams.js";
import { type DramDriver, encodeRequests } from "../wasm/dram.js";
import { deviceFromGolden } from "./device-golden.js";
import { type CheckedRow, type CheckVerdict, type Difference, type UncheckedRow, verdictOf } from "./verdict.js";

/** Channels of their own for a device vector. */
type OpenDriver = (device: Int32Array) => Promise<DramDriver>;

const LATENCY_TOLERANCE = 1e-6;
const POLICY = "FRFCFS";
const CLASSES = {
  row_hits: Counter.DramRowHits,
  row_misses: Counter.DramRowMisses,
  row_conflicts: Counter.DramRowConflicts,
};
/** Commands by the names of the two simulators, as those of the contract; what is not here is never issued. */
const COMMANDS: Record<string, readonly string[]> = {
  ACT: ["Act"],
  ACT1: ["Act"],
  ACT2: ["Act2"],
  PREpb: ["Pre"],
  PREab: ["PreAll"],
  PRE: ["Pre", "PreAll"],
  RD: ["Read"],
  WR: ["Write"],
  CAS_RD: ["CasRead"],
  CAS_WR: ["CasWrite"],
  REFab: ["Refresh"],
  REF: ["Refresh"],
  REFpb: ["RefreshBank"],
  REFb: ["RefreshBank"],
};
/** What can be compared with a simulator of another policy. */
const TIMING_COMMANDS = ["ACT", "PRE", "RD"];

const count = z.int().min(0);
const deviceTable = z.looseObject({ sim: z.string(), scheduler: z.string() });
const streamPlaces = z.looseObject({
  row_stride_bytes: count,
  col_stride_bytes: count,
  cols: z.int().min(1),
  region_spacing_R: count,
});
const goldenRow = z.looseObject({
  requests: z.int().min(1),
  cycles: count,
  lat_avg: z.number().optional(),
  commands: z.record(z.string(), count),
  row_hits: count.optional(),
  row_misses: count.optional(),
  row_conflicts: count.optional(),
});
const goldenFile = z.looseObject({
  devices: z.record(z.string(), deviceTable),
  results: z.record(z.string(), z.record(z.string(), goldenRow)),
});
type GoldenFile = z.output<typeof goldenFile>;
type GoldenRow = z.output<typeof goldenRow>;

interface Place {
  device: string;
  stream: string;
  want: GoldenRow;
}

/** Compares every row of a golden file; `text` is what the file holds. */
export async function checkDram(
  text: string,
  fileName: string,
  open: OpenDriver,
  progress: (done: number, total: number) => void = () => {},
): Promise<CheckVerdict> {
  const golden = readGolden(text, fileName);
  const places = Object.entries(golden.results).flatMap(([device, rows]) =>
    Object.entries(rows).map(([stream, want]): Place => ({ device, stream, want })),
  );
  const [rows, notChecked]: [CheckedRow[], UncheckedRow[]] = [[], []];
  for (const [i, place] of places.entries()) {
    progress(i, places.length);
    const row = await checkRow(golden, place, open);
    if ("reason" in row) notChecked.push(row);
    else rows.push(row);
  }
  return verdictOf("dram", fileName, rows, notChecked);
}

function readGolden(text: string, fileName: string): GoldenFile {
  const golden = readJson(text, fileName, goldenFile);
  for (const device of Object.keys(golden.results)) {
    if (golden.devices[device] !== undefined) continue;
    throw new InputError(`${fileName}: results.${device} has no device table; allowed are names in devices`);
  }
  return golden;
}

async function checkRow(golden: GoldenFile, place: Place, open: OpenDriver): Promise<CheckedRow | UncheckedRow> {
  const { device, stream, want } = place;
  const row = `${device} ${stream}`;
  const table = golden.devices[device];
  const isOther = table.sim !== "DRAMsim3";
  if (isOther && table.scheduler !== POLICY) return { row, reason: `its scheduler is ${table.scheduler}` };
  const mustBeExact = isOther ? device.startsWith("R2_") : /^D3_.*_noref$/.test(device) && /^(S7d|S9d|S8)/.test(stream);
  try {
    const compared = await compare(golden, place, isOther ? Object.keys(want.commands) : TIMING_COMMANDS, open);
    return { row, mustBeExact, compared, differences: compared.filter(differs) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (!mustBeExact) return { row, reason: error.message };
    const unknown: Difference = { field: "device", got: error.message, want: "one that the engine knows" };
    return { row, mustBeExact, compared: [], differences: [unknown] };
  }
}

/** Every field of a row: what we got, what the file wants. */
async function compare(
  golden: GoldenFile,
  { device: name, stream, want }: Place,
  commands: readonly string[],
  open: OpenDriver,
): Promise<Difference[]> {
  if (!isStreamName(stream)) throw new InputError(`stream ${stream} is not known`);
  const { device, options } = deviceFromGolden(name, golden.devices);
  const bytes = transactionBytes(device);
  const steps = stepsOf(name, golden.devices[name], bytes);
  const requests = streamRequests(stream, want.requests, steps);
  const driver = await open(channelVector(device, options));
  for (const batch of encodeRequests(requests, bytes, driver.batch)) driver.replay(batch);
  const cycles = driver.finish();
  const counters = driver.counters();
  const classes = Object.entries(CLASSES).map(([field, counter]) => ({ field, got: counters[counter] }));
  const isNamed = ({ field }: { field: string }) => want[field] !== undefined;
  return [
    { field: "cycles", got: cycles, want: want.cycles },
    ...commands
      .filter((field) => want.commands[field] !== undefined)
      .map((field) => ({ field, got: issued(field, counters), want: want.commands[field] })),
    ...classes.filter(isNamed).map(({ field, got }) => ({ field, got, want: want[field] as number })),
    ...(want.lat_avg === undefined ? [] : [{ field: "lat_avg", got: meanLatency(counters), want: want.lat_avg }]),
  ];
}

function stepsOf(name: string, table: unknown, transactionBytes: number): StreamSteps {
  const { success, data, error } = streamPlaces.safeParse(table);
  if (!success) throw new InputError(`devices.${name}.${error.issues[0].path.join(".")} says not where streams go`);
  const { region_spacing_R: region, row_stride_bytes: row, col_stride_bytes: column, cols: columns } = data;
  return { transactionBytes, region, row, column, columns };
}

function differs({ field, got, want }: Difference): boolean {
  if (field !== "lat_avg") return got !== want;
  return !(Math.abs(Number(got) - Number(want)) <= LATENCY_TOLERANCE);
}

function issued(command: string, counters: readonly number[]): number {
  const positions = (COMMANDS[command] ?? []).map(
    (name) => (Counter as unknown as Record<string, number>)[`Dram${name}`],
  );
  return positions.reduce((sum, position) => sum + (position === undefined ? 0 : counters[position]), 0);
}

/** Over reads, those included that were answered from the write queue. */
function meanLatency(counters: readonly number[]): number {
  const reads = counters[Counter.DramRead] + counters[Counter.DramForwarded];
  return reads === 0 ? 0 : counters[Counter.DramReadLatency] / reads;
}
