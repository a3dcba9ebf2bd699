//
//   What the hardware counted, by name, and what a reader wants to see of it. No prices here: energy/energy.ts.
//

import { Counter } from "../../assembly/contract.js";
import type { CounterName } from "../energy/energy.js";
import type { Breakdown, DramResult } from "./result.js";

export type Counters = Record<CounterName, number>;

/** Counters by name, in the order of the contract. */
export function namedCounters(values: readonly number[]): Counters {
  const names = Array.from({ length: Counter.Count }, (_, counter) => Counter[counter] as CounterName);
  return Object.fromEntries(names.map((name, counter) => [name, values[counter]])) as Counters;
}

/** Core cycles by cause; they add up to the cycles of the run. */
export function breakdownOf(counters: Counters): Breakdown {
  return {
    busy: counters.CyclesBusy,
    route: counters.CyclesRoute,
    dram: counters.CyclesDram,
    buffer: counters.CyclesBuffer,
    vector: counters.CyclesVector,
    store: counters.CyclesStore,
    drain: counters.CyclesDrain,
  };
}

/** Payload bytes that crossed the DRAM interface, by what they carry; reads and writes together. */
export function dramBytesOf(counters: Counters): DramResult["bytes"] {
  return {
    slice1: counters.BytesReadSlice1,
    slice2: counters.BytesReadSlice2,
    slice3: counters.BytesReadSlice3,
    slice4: counters.BytesReadSlice4,
    scales: counters.BytesReadScales,
    router: counters.BytesReadRouter,
    kv: counters.BytesReadKv + counters.BytesWrittenKv,
    activations: counters.BytesReadActivations + counters.BytesWrittenActivations,
    lmHead: counters.BytesReadLmHead,
    embedding: counters.BytesReadEmbedding,
  };
}

export function dramResultOf(counters: Counters, seconds: number, peakGBps: number): DramResult {
  const bytes = dramBytesOf(counters);
  const total = Object.values(bytes).reduce((sum, one) => sum + one, 0);
  return {
    bytes,
    peakGBps,
    achievedGBps: seconds > 0 ? total / seconds / 1e9 : 0,
    rowHits: counters.DramRowHits,
    rowMisses: counters.DramRowMisses,
    rowConflicts: counters.DramRowConflicts,
    commands: commandsOf(counters),
  };
}

/** Commands by the names of part files; those that only some controllers have, where they were issued. */
function commandsOf(counters: Counters): Record<string, number> {
  const common = {
    ACT: counters.DramAct,
    PRE: counters.DramPre,
    PREA: counters.DramPreAll,
    RD: counters.DramRead,
    WR: counters.DramWrite,
    REF: counters.DramRefresh,
  };
  const special = {
    REFpb: counters.DramRefreshBank,
    ACT2: counters.DramAct2,
    CAS_RD: counters.DramCasRead,
    CAS_WR: counters.DramCasWrite,
  };
  return { ...common, ...Object.fromEntries(Object.entries(special).filter(([, count]) => count > 0)) };
}

/** Slice payload bits read per routed weight and step. */
export function fetchedBits(counters: Counters, routedWeights: number, steps: number): number {
  const { slice1, slice2, slice3, slice4 } = dramBytesOf(counters);
  return ((slice1 + slice2 + slice3 + slice4) * 8) / (routedWeights * steps);
}

/** Mean over column groups of the weight bits that the array computed with; `passBits`: those of one pass. */
export function computedBits(counters: Counters, passBits: number): number {
  return counters.RoutedWeights > 0 ? (passBits * counters.RoutedWeightPasses) / counters.RoutedWeights : 0;
}
