//
//   Steps of a dense transformer as work records, token block by token block.
//
//     step ──► token blocks ──► spans (tokens of one sequence) ──► emitBlock ──► Program
//
//   A step wider than a token block goes through all layers block by block: weights are read once per block either way, and
//   only K and V of earlier blocks are needed again (they are in the cache by then). lm_head runs for the last token of each
//   entry of a step that samples: of a prefill in chunks only the last chunk does.
//   Left out    the order "weights resident, activations re-read": no step scheduled here would save bytes by much.
//

import { Pool, Stream } from "../../assembly/contract.js";
import { InputError } from "../basics/errors.js";
import type { Machine } from "../hardware/machine.js";
import type { Model } from "../model/model.js";
import type { Plan } from "../trace/plan.js";
import type { Step } from "../trace/replay.js";
import { Accumulators } from "./accumulators.js";
import { emitBlock } from "./block.js";
import { slicesOf } from "./codes.js";
import type { Carried, Context, Span } from "./context.js";
import type { Placement } from "./placement.js";
import type { Program } from "./program.js";
import { queryBlocksOf } from "./query-blocks.js";
import { storeRecord, vectorRecord } from "./records.js";
import { residencyOf } from "./residency.js";
import { spillOf } from "./spill.js";
import { blockTokens, type Limits, limitsOf, type Piece, pieces } from "./tiles.js";

/** Routers of gate and up decide beside each other. */
const ROUTES_AT_ONCE = 2;

/** Most tokens that one block of a step may hold on this machine. */
export function stepTokens(machine: Machine, model: Model): number {
  return blockTokens(machine, limitsOf(machine), model.hidden);
}

/** Bytes of DRAM that spilled activations of a block of `tokens` tokens may take, without padding. */
export function spillBytes(machine: Machine, model: Model, tokens: number): number {
  const whole = (model.norm.post ? 2 : 1) * model.hidden;
  const features = whole + 2 * model.heads * model.headDim + model.intermediate;
  return tokens * features * (machine.array.activationBits / 8);
}

export class StepSchedule {
  private readonly limits: Limits;
  private readonly carried: Carried;

  constructor(
    private readonly program: Program,
    private readonly machine: Machine,
    private readonly model: Model,
    private readonly plan: Plan,
    private readonly placement: Placement,
    private readonly sequences: number,
  ) {
    const { routeTableEntries } = machine.sequencer;
    if (plan.routed && routeTableEntries < ROUTES_AT_ONCE) {
      const found = `sequencer.routeTableEntries is ${routeTableEntries}`;
      throw new InputError(`${found}; gate and up need ${ROUTES_AT_ONCE} at once`);
    }
    this.limits = limitsOf(machine);
    this.carried = {
      cacheStores: new Int32Array(model.layers * sequences),
      sampled: new Int32Array(sequences),
      accumulators: new Accumulators(this.limits.accumulatorBytes),
      records: {
        entry: storeRecord({ stream: Stream.Kv, pool: Pool.Vector }),
        vector: vectorRecord({}),
        tiles: new Map(),
        passages: new Map(),
      },
    };
  }

  /** Emits one step, layer by layer; `tokens` are its token ids, -1 where they are synthetic. */
  *emit(step: Step, tokens: Int32Array): Generator<void> {
    this.program.enterStep(step.index);
    for (const block of pieces(tokens.length, stepTokens(this.machine, this.model))) {
      const end = block.start + block.size;
      yield* emitBlock(this.contextOf(step, block), tokens.subarray(block.start, end));
    }
  }

  /** How often `emit` yields in a step of this many tokens. */
  parts(tokens: number): number {
    return pieces(tokens, stepTokens(this.machine, this.model)).length * (this.model.layers + 1);
  }

  private contextOf(step: Step, block: Piece): Context {
    const { program, machine, model, plan, placement, limits, carried, sequences } = this;
    const scratch = new Uint8Array(block.size);
    const spans = spansOf(step, block);
    const residency = residencyOf(machine, limits, model, block.size);
    const queryBlocks = queryBlocksOf(machine, limits, model, residency, spans);
    const { spillBase: base, stripeBytes } = placement;
    const place = { base, stripeBytes, queryBlocks: queryBlocks.map(({ tokens }) => tokens) };
    return {
      ...{ program, machine, model, plan, placement, limits, residency, carried, sequences, spans, queryBlocks },
      shapes: new Map(),
      spill: spillOf(machine, limits, model, block.size, place),
      slices: slicesOf(plan),
      tokens: block.size,
      blockTokens: (inputs) => blockTokens(machine, limits, inputs),
      depths: (linear, { start, size }) => {
        return plan.depths(step, { start: block.start + start, size }, linear, scratch).subarray(0, size);
      },
    };
  }
}

/** The parts of a step's entries that lie in a block. */
function spansOf(step: Step, block: Piece): Span[] {
  const spans: Span[] = [];
  for (const { sequence, firstPosition, firstToken, count, samples } of step.entries) {
    const start = Math.max(firstToken, block.start);
    const end = Math.min(firstToken + count, block.start + block.size);
    if (start >= end) continue;
    spans.push({
      sequence,
      firstPosition: firstPosition + start - firstToken,
      count: end - start,
      firstToken: start - block.start,
      last: samples && end === firstToken + count,
    });
  }
  return spans;
}
