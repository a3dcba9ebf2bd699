//
//   Cycles, work and bytes by op and layer, summed over the steps.
//
//   Law         the cycles of a cause add up to the run's; so do PE-cycles, vector and router cycles, and bytes.
//   A cycle belongs to the op whose record the array executes or waits for; where the queue is empty, to the latest one. Bytes
//   belong to the op that fetched them: fetch runs ahead, so they may have crossed while the array was at the op before.
//

import { Counter, Stream } from "../../assembly/contract.js";
import { Event, Seen } from "../../assembly/events.js";
import type { Breakdown, OpDetail } from "../result/result.js";
import { Op } from "../schedule/program.js";
import { layerOfTag, opOfTag, withoutStep } from "../schedule/tags.js";
import type { Happening, Listener } from "./reader.js";

/** Causes in the order of their counters. */
export const CAUSES = [
  "busy",
  "route",
  "dram",
  "buffer",
  "vector",
  "store",
  "drain",
] as const satisfies (keyof Breakdown)[];

interface OpSums {
  causes: Float64Array;
  active: number;
  gated: number;
  vector: number;
  router: number;
  read: Float64Array;
  written: number;
}

export class OpTable {
  private readonly ops = new Map<number, OpSums>();

  readonly listener: Listener = {
    [Event.Cycles]: (happening) => {
      this.of(happening).causes[happening.word(Seen.Cause) - Counter.CyclesBusy] += happening.cycles;
    },
    [Event.Compute]: (happening) => {
      const op = this.of(happening);
      const pass = happening.word(Seen.PassCycles);
      op.active += pass * happening.word(Seen.Active);
      op.gated += pass * happening.word(Seen.Gated);
    },
    [Event.Route]: (happening) => {
      this.of(happening).router += happening.cycles;
    },
    [Event.Vector]: (happening) => {
      this.of(happening).vector += happening.cycles;
    },
    [Event.Grant]: (happening) => {
      this.of(happening).read[happening.word(Seen.Stream)] += happening.word(Seen.Bytes);
    },
    [Event.Store]: (happening) => {
      this.of(happening).written += happening.word(Seen.Bytes);
    },
  };

  private of(happening: Happening): OpSums {
    const key = withoutStep(happening.tag);
    const known = this.ops.get(key);
    if (known !== undefined) return known;
    const causes = new Float64Array(CAUSES.length);
    const fresh = {
      causes,
      active: 0,
      gated: 0,
      vector: 0,
      router: 0,
      read: new Float64Array(Stream.Count),
      written: 0,
    };
    this.ops.set(key, fresh);
    return fresh;
  }

  /** Layer by layer, in the order of the program; what belongs to no layer last. */
  rows(): OpDetail[] {
    const rank = (tag: number) => (layerOfTag(tag) < 0 ? Number.MAX_SAFE_INTEGER : layerOfTag(tag));
    const order = [...this.ops.keys()].map((tag, i) => ({ tag, i }));
    order.sort((a, b) => rank(a.tag) - rank(b.tag) || a.i - b.i);
    return order.map(({ tag }) => rowOf(tag, this.ops.get(tag) as OpSums));
  }
}

function rowOf(tag: number, sums: OpSums): OpDetail {
  const layer = layerOfTag(tag);
  const read = Array.from(sums.read);
  return {
    layer: layer < 0 ? null : layer,
    op: opName(tag),
    breakdown: Object.fromEntries(CAUSES.map((cause, i) => [cause, sums.causes[i]])) as unknown as Breakdown,
    peActiveCycles: sums.active,
    peGatedCycles: sums.gated,
    vectorCycles: sums.vector,
    routerCycles: sums.router,
    bytesRead: read.reduce((sum, one) => sum + one, 0),
    bytesWritten: sums.written,
  };
}

/** As reports print it: q, gateUp, lmHead, ... */
export function opName(tag: number): string {
  const name = Op[opOfTag(tag)];
  return name[0].toLowerCase() + name.slice(1);
}
