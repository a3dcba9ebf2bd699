//
//   A machine: what a file in hw-configs/ says, checked, and the integers the simulated hardware is built from.
//
//     text, --set ──► parseMachine ──► Machine ──► machineKnobs ──► i32[Knob.Count]
//                          │
//                          └── limits of one key: knobs.ts. Here are the limits that bind several keys.
//

import { Knob, MAX_SLICES } from "../../assembly/contract.js";
import { InputError } from "../basics/errors.js";
import { BITS_PER_BYTE, BYTES_PER_KIB, ceilDiv, coprime, KHZ_PER_MHZ } from "../basics/units.js";
import { parseWithSchema, parseYaml } from "../basics/yaml.js";
import { type KNOBS, knobValue, type MAPPING_FIELDS, type STREAMS } from "./knobs.js";
import { applySets, machineSchema, parseSet } from "./machine-schema.js";

export interface Machine {
  name: string;
  clock: { coreMHz: number; syncCycles: number; requestLatencyCycles: number; returnLatencyCycles: number };
  sequencer: { queueDepth: number; runTableEntries: number; routeTableEntries: number };
  array: {
    rows: number;
    columns: number;
    lanes: number;
    tileInputs: number;
    bitsPerCycle: number;
    activationBits: number;
    weightPortBits: number;
    activationPortBits: number;
    pipelineCycles: number;
    dequantCycles: number;
  };
  weights: {
    layout: "slices" | "gathered" | "codes";
    codeBits: number;
    terms: number;
    group: number;
    scaleBytes: number;
    dequants: number;
  };
  lmHead: { codeBits: number; group: number; scaleBytes: number; dequants: number };
  fetch: { outstandingRuns: number; residualReserveKiB: number };
  router: {
    macs: number;
    hidden: number;
    pipelineCycles: number;
    sliceOneLead: number;
    weights: "fetched" | "resident";
  };
  vector: { lanes: number; startupCycles: number };
  buffers: {
    sliceKiB: number;
    activationKiB: number;
    activationReserveKiB: number;
    arrayStagingKiB: number;
    vectorStagingKiB: number;
  };
  store: { outstanding: number };
  schedule: { attentionLead: number; causalSkip: "tile" | "off"; lmHeadTokens: "last" | "all" };
  dram: {
    device: string;
    channels: number;
    dieGb: number;
    diesPerChannel: number;
    /** A list goes from the highest address bits to the lowest. */
    mapping: "A" | "B" | MappingField[];
    refresh: "all-bank" | "per-bank" | "off";
    refreshStaggerClocks: number;
    bankStagger: Record<(typeof STREAMS)[number], number>;
  };
  kv: { bits: number; scaleBytes: number };
  energy: { technologyNm: number; pe: string; sram: string; vector: string; router: string };
}

type MappingField = (typeof MAPPING_FIELDS)[number];

/** Memory clock of a DRAM part: clockKHz / clockKHzDivisor (1 where it is left out), exact. */
interface MemoryClock {
  clockKHz: number;
  clockKHzDivisor?: number;
}

export interface MachineOptions {
  idealRouter?: boolean;
  idealDram?: boolean;
  idealVector?: boolean;
  /** DRAM that needs no refresh. */
  noRefresh?: boolean;
  /** MiB for what channels did, to be remembered; no result may depend on it. */
  memoMiB?: number;
  /** 0..119; no result may depend on it. */
  stepOrder?: number;
}

/** The largest term of core period : memory period; keeps cycle x period far inside 64 bits. */
const MAX_PERIOD = 1_000_000n;
/** Bits of one slice. */
const SLICE_BITS = 2;

// The interface and the rows name the same keys; a key in one of them only does not compile.
type Leaves<T, P extends string = ""> = T extends readonly unknown[] | string | number
  ? P
  : { [K in keyof T & string]: Leaves<T[K], P extends "" ? K : `${P}.${K}`> }[keyof T & string];
type Rows = (typeof KNOBS)[number]["path"];
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
const everyKeyHasItsRow: Same<Leaves<Machine>, Rows> = true;
void everyKeyHasItsRow;

/** The machine of a file, `sets` applied. */
export function parseMachine(text: string, fileName: string, sets: readonly string[] = []): Machine {
  const written = parseWithSchema(text, fileName, machineSchema) as unknown as Machine;
  const machine = applySets(written, sets);
  const clash = firstClash(machine);
  if (clash === undefined) return machine;
  const { lineOf } = parseYaml(text, fileName);
  const setPaths = sets.map((set) => parseSet(set).path);
  const setPath = [...clash.paths].reverse().find((path) => setPaths.includes(path));
  const line = lineOf(clash.paths[0].split("."));
  const changed = setPath === clash.paths[0] ? "--set" : `--set ${setPath}:`;
  throw new InputError(`${setPath === undefined ? `${fileName}:${line}:` : changed} ${clash.text}`);
}

/** The knob vector of a machine whose memory clock and slices per linear are known. */
export function machineKnobs(
  machine: Machine,
  memory: MemoryClock,
  slices: number,
  options: MachineOptions = {},
): Int32Array {
  const [corePeriod, memoryPeriod] = periods(machine, memory);
  const values: Record<KnobName, number> = {
    ...{ CorePeriod: corePeriod, MemoryPeriod: memoryPeriod, Slices: slices },
    ...flowKnobs(machine),
    ...unitKnobs(machine),
    ...optionKnobs(options),
  };
  const vector = new Int32Array(Knob.Count);
  for (const [name, value] of Object.entries(values)) vector[Knob[name as KnobName]] = value;
  return vector;
}

/** Bytes of one run of a full tile of codes of `bits` bits. */
export function runBytes({ array }: Machine, bits: number): number {
  return Math.ceil((array.rows * array.tileInputs * bits) / BITS_PER_BYTE);
}

// ---- limits that bind several keys

interface Clash {
  /** The key to change, then the others. */
  paths: string[];
  text: string;
}

function firstClash(machine: Machine): Clash | undefined {
  const { array, buffers, fetch, weights, lmHead } = machine;
  const first = runBytes(machine, weights.layout === "codes" ? weights.codeBits : SLICE_BITS);
  const logits = runBytes(machine, lmHead.codeBits);
  const most = Math.max(first, logits);
  const demand = demandOf(machine);
  const reserve = fetch.residualReserveKiB * BYTES_PER_KIB;
  const results = array.rows * array.columns * 4;
  const tile = ["array.rows", "array.tileInputs"];
  const tileText = `${array.rows} rows x ${array.tileInputs} inputs`;
  return (
    atLeast(machine, "fetch.residualReserveKiB", demand.bytes, tile, `${demand.what} ${demand.bytes} bytes`) ??
    atLeast(
      machine,
      "buffers.sliceKiB",
      most + reserve,
      [...tile, "fetch.residualReserveKiB"],
      `one run of ${tileText} is ${first} bytes of weights and ${logits} bytes of lm_head, ` +
        `with the residual reserve of ${reserve} bytes that is ${most + reserve} bytes`,
    ) ??
    atLeast(
      machine,
      "buffers.arrayStagingKiB",
      results,
      ["array.rows", "array.columns"],
      `the FP32 results of one pass are ${array.rows} x ${array.columns} x 4 = ${results} bytes`,
    ) ??
    atLeast(
      machine,
      "buffers.activationKiB",
      (buffers.activationReserveKiB + 1) * BYTES_PER_KIB,
      ["buffers.activationReserveKiB"],
      `${buffers.activationReserveKiB} KiB of it are kept by buffers.activationReserveKiB`,
    )
  );
}

/** What must fit the residual reserve at once. */
function demandOf(machine: Machine): { bytes: number; what: string } {
  const { array, weights } = machine;
  const slice = runBytes(machine, SLICE_BITS);
  const tileText = `${array.rows} rows x ${array.tileInputs} inputs`;
  if (weights.layout === "slices") return { bytes: slice, what: `one residual run of ${tileText} is` };
  const residual = MAX_SLICES - 1;
  if (weights.layout === "gathered")
    return { bytes: residual * slice, what: `the ${residual} residual runs of ${tileText} are` };
  return {
    bytes: (array.rows * array.activationBits) / BITS_PER_BYTE,
    what: `a token's part of ${array.rows} rows is`,
  };
}

function atLeast(machine: Machine, path: string, bytes: number, others: string[], why: string): Clash | undefined {
  const kib = knobValue(machine, path) as number;
  const needed = ceilDiv(bytes, BYTES_PER_KIB);
  return kib >= needed
    ? undefined
    : { paths: [path, ...others], text: `${path} is ${kib}; ${why}; allowed ${needed} or more` };
}

// ---- the vector

type KnobName = Exclude<keyof typeof Knob, "Count">;

function periods(machine: Machine, memory: MemoryClock): [number, number] {
  const coreKHz = BigInt(Math.round(machine.clock.coreMHz * KHZ_PER_MHZ));
  const divisor = BigInt(memory.clockKHzDivisor ?? 1);
  const [core, other] = coprime(BigInt(memory.clockKHz), coreKHz * divisor);
  if (core > MAX_PERIOD || other > MAX_PERIOD) {
    throw new InputError(
      `clock.coreMHz is ${machine.clock.coreMHz}; with a memory clock of ${memory.clockKHz}/${divisor} kHz the periods are ` +
        `as ${core} : ${other}; allowed are coprime integers up to ${MAX_PERIOD}`,
    );
  }
  return [Number(core), Number(other)];
}

function flowKnobs({ clock, sequencer, buffers, fetch, store }: Machine) {
  return {
    SyncCycles: clock.syncCycles,
    RequestLatencyCycles: clock.requestLatencyCycles,
    ReturnLatencyCycles: clock.returnLatencyCycles,
    QueueDepth: sequencer.queueDepth,
    RunTableEntries: sequencer.runTableEntries,
    RouteTableEntries: sequencer.routeTableEntries,
    SliceBufferBytes: buffers.sliceKiB * BYTES_PER_KIB,
    ResidualReserveBytes: fetch.residualReserveKiB * BYTES_PER_KIB,
    OutstandingRuns: fetch.outstandingRuns,
    OutstandingStores: store.outstanding,
    ArrayStagingBytes: buffers.arrayStagingKiB * BYTES_PER_KIB,
    VectorStagingBytes: buffers.vectorStagingKiB * BYTES_PER_KIB,
  } satisfies Partial<Record<KnobName, number>>;
}

function unitKnobs({ array, router, vector }: Machine) {
  return {
    RouterMacs: router.macs,
    RouterHidden: router.hidden,
    RouterPipelineCycles: router.pipelineCycles,
    ArrayRows: array.rows,
    ArrayColumns: array.columns,
    ArrayLanes: array.lanes,
    ActivationBits: array.activationBits,
    WeightPortBits: array.weightPortBits,
    ActivationPortBits: array.activationPortBits,
    ArrayPipelineCycles: array.pipelineCycles,
    DequantCycles: array.dequantCycles,
    VectorLanes: vector.lanes,
    VectorStartupCycles: vector.startupCycles,
  } satisfies Partial<Record<KnobName, number>>;
}

function optionKnobs({ idealRouter, idealDram, idealVector, memoMiB, stepOrder }: MachineOptions) {
  return {
    IdealRouter: Number(idealRouter ?? false),
    IdealDram: Number(idealDram ?? false),
    IdealVector: Number(idealVector ?? false),
    MemoKiB: (memoMiB ?? 0) * 1024,
    StepOrder: stepOrder ?? 0,
  } satisfies Partial<Record<KnobName, number>>;
}
