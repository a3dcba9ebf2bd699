//
//   The closed-form bound: no schedule on this machine can be faster. Tests hold the engine to it, sweeps prune by it.
//
//     array   every wanted pass at its pass law, back to back            cycles = sum of passes x pass
//     DRAM    every byte that a step cannot avoid, at peak bandwidth     cycles = bytes / (peak bytes per core cycle)
//     refresh  all banks of a channel are closed for tRFC in every tREFI    DRAM cycles / (1 - tRFC/tREFI), less two of them
//     bound = max(array, DRAM + refresh)
//
//   In t clocks floor((t - stagger) / tREFI) refreshes fall due, and all but the last have been issued: what is due goes before
//   whatever wants a bank opened. Each keeps the banks closed for tRFC, and opening one takes longer than a burst.
//
//   Left out, so that it stays a bound: attention, the vector unit, latencies, per-bank refresh, rows, spills, KV, embedding.
//   Source: docs/machine.md, sections 5, 9 and 13.
//

import { BITS_PER_BYTE, ceilDiv, KHZ_PER_MHZ } from "../basics/units.js";
import { type Device, peakGBps, refreshPause } from "../dram/device.js";
import type { Machine } from "../hardware/machine.js";
import type { Linear, Model } from "../model/model.js";
import type { Plan } from "../trace/plan.js";
import type { Replay } from "../trace/replay.js";
import { SLICES } from "../trace/trace-json.js";
import { codePass, scaleBytes, slicesOf, type WeightFormat, weightFormat } from "./codes.js";
import { routerBytes } from "./placement.js";
import { blockTokens, limitsOf, pieces } from "./tiles.js";

interface Bound {
  arrayCycles: number;
  dramCycles: number;
  /** Bytes that have to be read. */
  dramBytes: number;
  /** Cycles that refresh adds to those of DRAM. */
  refreshCycles: number;
  /** The larger of array, and DRAM with refresh. */
  cycles: number;
}

/** Lower bound of a replay's cycles. */
export function bound(machine: Machine, device: Device, model: Model, plan: Plan, played: Replay): Bound {
  const limits = limitsOf(machine);
  const format = weightFormat(machine, slicesOf(plan));
  const blockSize = blockTokens(machine, limits, model.hidden);
  let arrayCycles = 0;
  let bytes = 0;
  for (let index = 0; index < played.stepCount; index++) {
    const step = played.step(index);
    for (const block of pieces(step.rows.length, blockSize)) {
      for (const [place, linear] of model.linears.entries()) {
        for (const part of pieces(block.size, blockTokens(machine, limits, linear.in))) {
          const depths = plan.depths(step, { start: block.start + part.start, size: part.size }, place);
          const groups = groupsPerSlice(depths, machine.array.columns);
          arrayCycles += linearCycles(machine, linear, format, groups);
          bytes += linearBytes(machine, linear, format, groups.filter((one) => one > 0).length);
          if (plan.routed && machine.router.weights === "fetched") bytes += routerBytes(machine, linear);
        }
      }
    }
    if (!step.entries.some(({ samples }) => samples)) continue;
    // One lm_head a step at least, with one column group.
    arrayCycles += lmHeadCycles(machine, model);
    bytes += (model.vocab * model.hidden * machine.lmHead.codeBits) / BITS_PER_BYTE;
  }
  const dramCycles = Math.ceil((bytes * machine.clock.coreMHz) / (peakGBps(device, machine.dram.channels) * 1000));
  const refreshCycles = refreshOf(machine, device, dramCycles);
  const cycles = Math.max(arrayCycles, dramCycles + refreshCycles);
  return { arrayCycles, dramCycles, dramBytes: bytes, refreshCycles, cycles };
}

/** Cycles that refresh takes from a channel which is otherwise busy for `dramCycles`. */
function refreshOf({ clock, dram }: Machine, device: Device, dramCycles: number): number {
  const pause = refreshPause(device, dram);
  if (pause === undefined) return 0;
  const { intervalClocks, closedClocks } = pause;
  const cyclesPerClock = (clock.coreMHz * KHZ_PER_MHZ * device.clockKHzDivisor) / device.clockKHz;
  const share = closedClocks / intervalClocks;
  const stagger = dram.refreshStaggerClocks * (dram.channels - 1);
  const least = (dramCycles - (2 * closedClocks + share * stagger) * cyclesPerClock) / (1 - share);
  return Math.max(0, Math.floor(least) - dramCycles);
}

/** Column groups that run each slice: those with a token at least that deep. */
function groupsPerSlice(depths: Uint8Array, columns: number): number[] {
  const groups = new Array<number>(SLICES).fill(0);
  for (const { start, size } of pieces(depths.length, columns)) {
    const deepest = Math.max(...depths.subarray(start, start + size));
    for (let slice = 0; slice < deepest; slice++) groups[slice]++;
  }
  return groups;
}

/** Cycles of a linear, dequantization hidden; `groups`: column groups that want each slice. */
function linearCycles({ array }: Machine, { in: inputs, out }: Linear, format: WeightFormat, groups: number[]): number {
  const { gathered, first, residual } = format;
  const slices = groups.slice(1).reduce((sum, one) => sum + one, 0);
  const terms = groups[0] * first.terms + (gathered ? 0 : slices * residual.terms);
  return ceilDiv(out, array.rows) * ceilDiv(inputs, array.lanes) * terms;
}

function linearBytes(machine: Machine, { in: inputs, out }: Linear, { runBits }: WeightFormat, runs: number): number {
  return (inputs * out * runBits * runs) / BITS_PER_BYTE + scaleBytes(machine, out, inputs);
}

function lmHeadCycles(machine: Machine, model: Model): number {
  const { array, lmHead } = machine;
  const { terms } = codePass(machine, lmHead.codeBits, lmHead.dequants);
  return ceilDiv(model.vocab, array.rows) * ceilDiv(model.hidden, array.lanes) * terms;
}
