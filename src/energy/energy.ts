//
//   Energy: counters x price + power x time, in picojoules, as a band where sources differ.
//
//     hw-configs/energy/*.yaml ──► EnergyTables ──┐
//     DRAM part ──────────────────► DramEnergy ───┴─► priceList ──┐
//     counters, seconds ──────────────────────────────────────────┴─► energyOf ──► total, blocks
//
//   Law         every counter of the contract has a price here or a reason in UNPRICED; the blocks add up to the total.
//   Left out    control logic and the wires between blocks (no source), the host, the board's regulators.
//

import type { Counter } from "../../assembly/contract.js";
import type { Band } from "../basics/band.js";
import { BITS_PER_BYTE, PJ_PER_MILLIJOULE } from "../basics/units.js";
import type { Machine } from "../hardware/machine.js";
import { type EnergyTables, type MachineBuffers, machineBuffers } from "./tables.js";

export type CounterName = Exclude<keyof typeof Counter, "Count">;

/** What a DRAM part costs. Where only whole streams are known, that stands per bit and the rest is zero. */
export interface DramEnergy {
  transactionBytes: number;
  activatePrechargePj: Band;
  readPjPerBit: Band;
  writePjPerBit: Band;
  refreshPj: Band;
  refreshBankPj: Band;
  /** All channels together. */
  standbyMw: Band;
}

/** One term of the sum: `pj` for each count of `counter`. */
interface EventPrice {
  block: string;
  counter: CounterName;
  pj: Band;
  what: string;
}

/** One term of the sum: `milliwatts` for as long as the run takes. */
interface PowerPrice {
  block: string;
  milliwatts: Band;
  what: string;
}

interface PriceList {
  events: EventPrice[];
  powers: PowerPrice[];
}

/** The counters that cost nothing, and why. */
export const UNPRICED: Partial<Record<CounterName, string>> = {
  CyclesBusy: "the PE-cycles of a busy cycle are priced one by one",
  BytesReadPadding: "paid in the DRAM bursts; never written into a buffer",
  BytesWrittenPadding: "paid in the DRAM bursts; never read from a buffer",
  TransactionsRead: "priced as DramRead; a forwarded one moves no DRAM data",
  TransactionsWritten: "priced as DramWrite; a merged one moves no DRAM data",
  RunsGranted: "control logic: no source",
  RunsDropped: "control logic: no source",
  StoresGranted: "control logic: no source",
  RoutesDone: "priced as RouterMacs",
  RouterTokens: "priced as RouterMacs",
  RouterBusyCycles: "priced as RouterMacs",
  ComputesDone: "control logic: no source",
  ComputesDropped: "control logic: no source",
  Passes: "priced as PE-cycles, port and bank accesses",
  RoutedWeights: "a measure of bits, no event",
  RoutedWeightPasses: "a measure of bits, no event",
  VectorOps: "priced as VectorElementPasses",
  VectorBusyCycles: "priced as VectorElementPasses",
  DramPre: "paid with its ACT: the price is of the pair",
  DramPreAll: "paid with the ACTs of the banks it closes",
  DramAct2: "paid with its ACT1",
  DramCasRead: "no source",
  DramCasWrite: "no source",
  DramRowHits: "a class of requests, priced as commands",
  DramRowMisses: "a class of requests, priced as commands",
  DramRowConflicts: "a class of requests, priced as commands",
  DramForwarded: "answered inside the controller: no source",
  DramMerged: "answered inside the controller: no source",
  DramReadLatency: "a measure of time, no event",
};

/** Energy of a run in pJ. `counters` has every counter of the contract by its name. */
export function energyOf(
  counters: Readonly<Record<string, number>>,
  machine: Machine,
  tables: EnergyTables,
  dram: DramEnergy,
  seconds: number,
): { total: Band; blocks: Record<string, Band> } {
  const { events, powers } = priceList(machine, tables, dram);
  const blocks: Record<string, Band> = {};
  const charge = (block: string, pj: Band): void => {
    blocks[block] = plus(blocks[block] ?? ZERO, pj);
  };
  for (const { block, counter, pj } of events) charge(block, times(pj, countOf(counters, counter)));
  for (const { block, milliwatts } of powers) charge(block, times(milliwatts, seconds * PJ_PER_MILLIJOULE));
  return { total: Object.values(blocks).reduce(plus, ZERO), blocks };
}

/** Every term of the sum, in the order of the blocks. */
export function priceList(machine: Machine, tables: EnergyTables, dram: DramEnergy): PriceList {
  const buffers = machineBuffers(machine, tables);
  return {
    events: [
      ...arrayPrices(machine, tables),
      ...accumulatorPrices(tables, buffers),
      ...slicePrices(machine, buffers),
      ...activationPrices(machine, buffers),
      ...stagingPrices(buffers),
      event("router", "RouterMacs", tables.router.macPj, "INT8 MAC"),
      event("vector", "VectorElementPasses", tables.vector.elementPassPj, "one element, one pass"),
      ...dramPrices(dram),
    ],
    powers: [
      { block: "sramLeakage", milliwatts: exactly(leakageMw(buffers)), what: `${tables.sram.cell} cells, all buffers` },
      { block: "dram", milliwatts: dram.standbyMw, what: "standby, all channels" },
    ],
  };
}

// ---- the terms, block by block

const WAITING = ["CyclesRoute", "CyclesDram", "CyclesBuffer", "CyclesVector", "CyclesStore", "CyclesDrain"] as const;
/** Streams whose runs go through the slice buffer. */
const SLICE_STREAMS = ["Slice1", "Slice2", "Slice3", "Slice4", "Scales", "Router", "Kv", "LmHead"] as const;
const SCALE_BITS = 16;
const FP32_BITS = 32;
const ROUTER_WEIGHT_BITS = 8;

function arrayPrices({ array }: Machine, { pe }: EnergyTables): EventPrice[] {
  const lanes = array.lanes / pe.lanes;
  return [
    event("array", "PeActiveCycles", times(pe.activeCyclePj, lanes), "PE at work"),
    event("array", "PeGatedCycles", times(pe.gatedCyclePj, lanes), "PE gated: its token does not want the slice"),
    event("array", "PeUnusedCycles", times(pe.unusedCyclePj, lanes), "PE outside the tile"),
    ...WAITING.map((counter) =>
      event("array", counter, times(pe.idleCyclePj, lanes * array.rows * array.columns), "every PE, waiting"),
    ),
    event("array", "SumAdds", pe.sumAddPj, "one add of sum(x)"),
    event(
      "dequantizer",
      "Dequantizations",
      times(pe.dequantizerCyclePj, array.dequantCycles),
      "one serial dequantization",
    ),
  ];
}

function accumulatorPrices({ pe }: EnergyTables, { accumulator }: MachineBuffers): EventPrice[] {
  const words = exactly(FP32_BITS * (accumulator.readPjPerBit + accumulator.writePjPerBit));
  return [event("accumulators", "Accumulations", plus(pe.accumulateAddPj, words), "FP32 add, word read and written")];
}

function slicePrices({ array }: Machine, { slice }: MachineBuffers): EventPrice[] {
  const scale = SCALE_BITS * slice.readPjPerBit;
  return [
    event("sliceBuffer", "WeightPortReads", exactly(slice.accessReadPj), "one access of the weight port"),
    ...SLICE_STREAMS.map((stream) => written("sliceBuffer", `BytesRead${stream}`, slice.writePjPerBit)),
    event(
      "sliceBuffer",
      "Dequantizations",
      { low: scale / array.columns, high: scale },
      "scale: one read for all columns, or each its own",
    ),
    event("sliceBuffer", "RouterMacs", exactly(ROUTER_WEIGHT_BITS * slice.readPjPerBit), "router weight"),
  ];
}

function activationPrices({ array, router }: Machine, { activation }: MachineBuffers): EventPrice[] {
  const { accessReadPj, readPjPerBit, writePjPerBit } = activation;
  const word = array.activationBits;
  return [
    event("activationBuffer", "ActivationBankReads", exactly(accessReadPj), "one bank feeds one column"),
    written("activationBuffer", "BytesReadActivations", writePjPerBit),
    written("activationBuffer", "BytesReadEmbedding", writePjPerBit),
    event(
      "activationBuffer",
      "VectorElementPasses",
      exactly(word * (readPjPerBit + writePjPerBit)),
      "element read and written",
    ),
    event(
      "activationBuffer",
      "RouterMacs",
      exactly((word * readPjPerBit) / router.hidden),
      "router input, one read for all hidden neurons",
    ),
  ];
}

function stagingPrices({ arrayStaging, vectorStaging }: MachineBuffers): EventPrice[] {
  const through = ({ readPjPerBit, writePjPerBit }: MachineBuffers["arrayStaging"]): Band =>
    exactly(BITS_PER_BYTE * (readPjPerBit + writePjPerBit));
  return [
    event("staging", "BytesWrittenActivations", through(arrayStaging), "byte into the array's staging and out"),
    event("staging", "BytesWrittenKv", through(vectorStaging), "byte into the vector unit's staging and out"),
  ];
}

export function dramPrices({
  transactionBytes,
  activatePrechargePj,
  readPjPerBit,
  writePjPerBit,
  refreshPj,
  refreshBankPj,
}: DramEnergy): EventPrice[] {
  const bits = transactionBytes * BITS_PER_BYTE;
  return [
    event("dram", "DramAct", activatePrechargePj, "activate and precharge"),
    event("dram", "DramRead", times(readPjPerBit, bits), "one read burst"),
    event("dram", "DramWrite", times(writePjPerBit, bits), "one write burst"),
    event("dram", "DramRefresh", refreshPj, "one refresh"),
    event("dram", "DramRefreshBank", refreshBankPj, "one refresh of a bank"),
  ];
}

function leakageMw(buffers: MachineBuffers): number {
  return Object.values(buffers).reduce((sum, buffer) => sum + buffer.leakageMw, 0);
}

function written(block: string, counter: CounterName, pjPerBit: number): EventPrice {
  return event(block, counter, exactly(BITS_PER_BYTE * pjPerBit), "byte from DRAM written");
}

function event(block: string, counter: CounterName, { low, high }: Band, what: string): EventPrice {
  return { block, counter, pj: { low, high }, what };
}

// ---- bands

const ZERO: Band = { low: 0, high: 0 };

function exactly(value: number): Band {
  return { low: value, high: value };
}

function plus(a: Band, b: Band): Band {
  return { low: a.low + b.low, high: a.high + b.high };
}

function times({ low, high }: Band, factor: number): Band {
  return { low: low * factor, high: high * factor };
}

function countOf(counters: Readonly<Record<string, number>>, name: CounterName): number {
  const count = counters[name];
  if (count === undefined) throw new Error(`energyOf: counter ${name} is missing`);
  return count;
}
