//
//   What a point can reach at most, before it is run: the closed-form bound of its cycles, and what such a run has to cost.
//
//     Job ──► bound (schedule/lower-bound.ts) ──► cycles, DRAM bytes ──► counters that no run is below ──► priced ──► Reach
//
//   Law   no price is negative, so energy grows with every counter and with time: priced at their least it is a least.
//         A machine that does nothing draws its standing power; a run does not draw less.
//

import { Counter } from "../../assembly/contract.js";
import type { Band } from "../basics/band.js";
import { secondsOf } from "../basics/units.js";
import { dramEnergy } from "../dram/device.js";
import { areaOf } from "../energy/area.js";
import { type CounterName, energyOf, priceList } from "../energy/energy.js";
import { type MachineBuffers, machineBuffers } from "../energy/tables.js";
import type { Job } from "../job.js";
import { recordedAccuracy } from "../result/accuracy.js";
import { bound } from "../schedule/lower-bound.js";
import { wantedBits } from "../trace/plan.js";
import type { Reach } from "./measures.js";

const MW_PER_W = 1e3;
const NS_PER_US = 1e3;

export function reachOf({ inputs, plan, played }: Job): Reach {
  const { machine, device, tables, model, trace } = inputs;
  const { cycles, dramBytes } = bound(machine, device, model, plan, played);
  const seconds = secondsOf(cycles, machine.clock.coreMHz);
  const dram = dramEnergy(device, machine.dram.channels, machine.dram.diesPerChannel);
  const counters = { ...NOTHING, DramRead: Math.floor(dramBytes / dram.transactionBytes) };
  return {
    cycles,
    seconds,
    energyPj: energyOf(counters, machine, tables, dram, seconds).total,
    standingPowerW: standing(priceList(machine, tables, dram).powers.map(({ milliwatts }) => milliwatts)),
    areaMm2: areaOf(machine, tables).total,
    perplexity: recordedAccuracy(trace, model, plan, played).perplexity,
    wantedBits: wantedBits(plan, model, played),
    sramCycles: (slowestNs(machineBuffers(machine, tables)) * machine.clock.coreMHz) / NS_PER_US,
    tokens: played.tokens,
    steps: played.stepCount,
    phase: played.phase,
  };
}

const NAMES = Object.keys(Counter).filter((name) => Number.isNaN(Number(name)) && name !== "Count") as CounterName[];
const NOTHING = Object.fromEntries(NAMES.map((name) => [name, 0])) as Record<CounterName, number>;

function standing(milliwatts: readonly Band[]): Band {
  const sum = (end: keyof Band) => milliwatts.reduce((total, one) => total + one[end], 0) / MW_PER_W;
  return { low: sum("low"), high: sum("high") };
}

function slowestNs(buffers: MachineBuffers): number {
  return Math.max(...Object.values(buffers).map(({ cycleNs }) => cycleNs));
}
