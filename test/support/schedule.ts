//
//   Programs of the schedule for tests: a machine, a model, a plan and steps become records.
//

import fc from "fast-check";
import { capacityBytes, stripeBytes, transactionBytes } from "../../src/dram/device.js";
import { type Machine, parseMachine } from "../../src/hardware/machine.js";
import { parseModel } from "../../src/model/config.js";
import type { Model } from "../../src/model/model.js";
import { Placement } from "../../src/schedule/placement.js";
import { Program } from "../../src/schedule/program.js";
import { StepSchedule, spillBytes, stepTokens } from "../../src/schedule/step.js";
import { codesPlan, constantPlan, type Plan } from "../../src/trace/plan.js";
import { type Step, stepOf } from "../../src/trace/replay.js";
import type { Supply } from "../../src/wasm/machine.js";
import { shippedDevice } from "./dram-parts.js";
import { type Recorded, recorder } from "./record.js";

export interface ScheduleCase {
  machine: Machine;
  model: Model;
  plan: Plan;
  sequences: number;
  /** Per step: tokens of each sequence, 0 for none. */
  counts: number[][];
  /** KV entries of each sequence before the first step. */
  context: number;
}

type Sets = Record<string, number | string>;

const LIMIT = { records: 4096, depths: 1 << 16 };
const device = shippedDevice("lpddr5-6400");

export function machineOf(sets: Sets = {}): Machine {
  const list = Object.entries(sets).map(([path, value]) => `${path}=${value}`);
  return parseMachine("name: test\n", "test.yaml", list);
}

/** A LLaMA, or what `config` says. */
export function modelOf(config: Record<string, unknown>): Model {
  return parseModel(JSON.stringify({ architectures: ["LlamaForCausalLM"], ...config }), "test/config.json", "test");
}

/** LLaMA-3-8B with fewer layers. */
export function llama8b(layers: number): Model {
  return modelOf({
    num_hidden_layers: layers,
    hidden_size: 4096,
    intermediate_size: 14336,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    vocab_size: 128256,
    max_position_embeddings: 8192,
  });
}

/** A plan with a router; depths are a function of the token and the linear. */
export function routedPlan(depth: (token: number, linear: number) => number): Plan {
  return {
    ...constantPlan(4),
    source: "trace",
    routed: true,
    depths: ({ rows }, { start, size }, linear, into = new Uint8Array(size)) => {
      for (let i = 0; i < size; i++) into[i] = depth(rows[start + i], linear);
      return into;
    },
  };
}

export function stepsOf({ counts, context, sequences }: ScheduleCase): Step[] {
  const positions = new Array<number>(sequences).fill(context);
  let token = 0;
  return counts.map((step, index) => {
    let firstToken = 0;
    const entries = step.flatMap((count, sequence) => {
      if (count === 0) return [];
      const entry = { sequence, firstPosition: positions[sequence], count, firstToken, samples: true };
      positions[sequence] += count;
      firstToken += count;
      return [entry];
    });
    return stepOf(index, entries, () => token++);
  });
}

export function placementOf(one: ScheduleCase): Placement {
  const { machine, model, plan, sequences, counts, context } = one;
  const { channels, dieGb, diesPerChannel } = machine.dram;
  const memory = {
    stripeBytes: stripeBytes(device, channels),
    granuleBytes: transactionBytes(device) * channels,
    capacityBytes: capacityBytes(device, channels, dieGb, diesPerChannel),
  };
  const longest = Math.max(
    ...Array.from({ length: sequences }, (_, i) => counts.reduce((sum, step) => sum + step[i], 0)),
  );
  const widest = Math.max(...counts.map((step) => step.reduce((sum, count) => sum + count, 0)));
  const tokens = Math.min(widest, stepTokens(machine, model));
  return new Placement(machine, model, memory, {
    sequences,
    positions: context + longest,
    spillBytes: spillBytes(machine, model, tokens),
    routed: plan.routed,
  });
}

/** Hands the program of a case on, supply by supply. */
export function emitTo(
  one: ScheduleCase,
  sink: (supply: Supply) => void,
  placement = placementOf(one),
  limit = LIMIT,
): void {
  const { machine, model, plan, sequences } = one;
  const { buffers, fetch } = machine;
  const limits = {
    slice: buffers.sliceKiB * 1024,
    residualReserve: fetch.residualReserveKiB * 1024,
    arrayStaging: buffers.arrayStagingKiB * 1024,
    vectorStaging: buffers.vectorStagingKiB * 1024,
  };
  const program = new Program(limit, limits, sink);
  const schedule = new StepSchedule(program, machine, model, plan, placement, sequences);
  for (const step of stepsOf(one)) {
    for (const _ of schedule.emit(step, new Int32Array(step.rows.length).fill(-1)));
  }
  program.flush();
}

export function recordOf(one: ScheduleCase, placement = placementOf(one), limit = LIMIT): Recorded {
  const { recorded, sink } = recorder();
  emitTo(one, sink, placement, limit);
  return recorded;
}

// ---- random cases

const between = (min: number, max: number) => fc.integer({ min, max });
const oneOf = <T>(...values: T[]) => fc.constantFrom(...values);

/** What a machine needs at least: the residual runs that are live at once, and a run of whole codes beside them. */
function leastBuffers(sets: Sets) {
  const weights = Number(sets["array.rows"]) * Number(sets["array.tileInputs"]);
  const residual = sets["weights.layout"] === "gathered" ? Math.ceil((3 * weights) / 4 / 1024) : 0;
  const bits = Math.max(Number(sets["weights.codeBits"]), Number(sets["lmHead.codeBits"]));
  const reserve = Math.max(residual, Number(sets["fetch.residualReserveKiB"]));
  const slice = reserve + Math.ceil((weights * bits) / 8 / 1024) + Number(sets["buffers.sliceKiB"]);
  return { "fetch.residualReserveKiB": reserve, "buffers.sliceKiB": slice };
}

const machines = fc
  .record({
    "array.rows": oneOf(4, 5, 8, 16),
    "array.columns": oneOf(1, 2, 3, 4),
    "array.tileInputs": oneOf(8, 20, 64, 128, 200),
    "array.activationBits": oneOf(8, 16, 16),
    "array.bitsPerCycle": oneOf(1, 2, 2, 16),
    "weights.layout": oneOf("slices", "slices", "gathered", "codes"),
    "weights.codeBits": oneOf(2, 4, 5.25, 6.0625, 16),
    "weights.terms": oneOf(0, 0, 1, 5),
    "weights.group": oneOf(16, 128, 128, 65536),
    "weights.scaleBytes": oneOf(0, 1, 4, 4),
    "weights.dequants": between(0, 2),
    "lmHead.codeBits": oneOf(6.0625, 8, 8, 16),
    "lmHead.group": oneOf(0, 0, 16, 128),
    "lmHead.scaleBytes": oneOf(0, 2, 2),
    "lmHead.dequants": between(0, 1),
    "fetch.residualReserveKiB": oneOf(1, 1, 2, 3),
    "router.sliceOneLead": between(0, 8),
    "router.weights": oneOf("fetched", "fetched", "resident"),
    "buffers.sliceKiB": oneOf(0, 0, 1, 2, 64),
    "buffers.activationKiB": oneOf(3, 4, 6, 10, 64),
    "buffers.activationReserveKiB": oneOf(1, 1, 2),
    "buffers.arrayStagingKiB": oneOf(1, 2, 4),
    "buffers.vectorStagingKiB": oneOf(2, 4, 8),
    "schedule.attentionLead": between(0, 3),
    "schedule.causalSkip": oneOf("tile", "tile", "off"),
    "schedule.lmHeadTokens": oneOf("last", "last", "all"),
    "sequencer.queueDepth": oneOf(1, 3, 16, 512),
    "dram.channels": oneOf(1, 2, 4),
    "dram.bankStagger.kv": between(0, 2),
    "dram.diesPerChannel": oneOf(1, 2),
    "kv.bits": oneOf(2, 3, 4, 8, 16),
    "kv.scaleBytes": oneOf(0, 4, 4),
  })
  .map((sets) => machineOf({ ...sets, ...leastBuffers(sets) }));

const windows = { sliding_window: oneOf(1, 5, 16, 40) };
const bias = fc.boolean();
const activation = oneOf("silu", "gelu_new", "relu");

/** Of every architecture the keys that change a schedule, beside the sizes. */
const families: Record<string, { [key: string]: fc.Arbitrary<unknown> }> = {
  LlamaForCausalLM: { attention_bias: bias, mlp_bias: bias, hidden_act: activation },
  MistralForCausalLM: windows,
  Qwen2ForCausalLM: { ...windows, use_sliding_window: bias, max_window_layers: between(0, 2) },
  Qwen3ForCausalLM: { attention_bias: bias },
  PhiForCausalLM: { hidden_act: activation, qk_layernorm: bias, partial_rotary_factor: oneOf(0.25, 0.4, 1) },
  Phi3ForCausalLM: { ...windows, partial_rotary_factor: oneOf(0.5, 1) },
  GemmaForCausalLM: { attention_bias: bias },
  Gemma2ForCausalLM: { ...windows, attn_logit_softcapping: oneOf(null, 50), final_logit_softcapping: oneOf(null, 30) },
  OPTForCausalLM: { enable_bias: bias, activation_function: activation },
};

const sizes = fc.record({
  layers: between(1, 2),
  hidden: oneOf(8, 20, 33, 64, 130),
  intermediate: oneOf(12, 40, 100, 200),
  kvHeads: between(1, 3),
  group: between(1, 3),
  headDim: oneOf(4, 6, 16, 20),
  vocab: between(3, 40),
});

const models = fc
  .record({ sizes, architecture: oneOf("LlamaForCausalLM", ...Object.keys(families)) })
  .chain(({ sizes: { layers, hidden, intermediate, kvHeads, group, headDim, vocab }, architecture }) =>
    fc.record(families[architecture]).map((keys) => {
      const opt = architecture === "OPTForCausalLM";
      return modelOf({
        architectures: [architecture],
        num_hidden_layers: layers,
        hidden_size: opt ? kvHeads * group * headDim : hidden,
        [opt ? "ffn_dim" : "intermediate_size"]: intermediate,
        num_attention_heads: kvHeads * group,
        num_key_value_heads: kvHeads,
        head_dim: headDim,
        vocab_size: vocab,
        max_position_embeddings: 200,
        ...keys,
      });
    }),
  );

const plans = fc.oneof(
  between(1, 4).map(constantPlan),
  between(1, 1000).map((seed) =>
    routedPlan((token, linear) => 1 + (((token * 7919 + linear * 104729 + seed) % 97) % 4)),
  ),
);

const runs = between(1, 4).chain((sequences) =>
  fc.record({
    sequences: fc.constant(sequences),
    counts: fc.array(
      fc
        .array(oneOf(0, 1, 1, 1, 2, 7, 20), { minLength: sequences, maxLength: sequences })
        .map((step) => (step.some((count) => count > 0) ? step : step.map(() => 1))),
      { minLength: 1, maxLength: 3 },
    ),
    context: oneOf(0, 0, 1, 17, 70),
  }),
);

/** Small machines, models, plans and mixed steps. Some do not fit: the schedule refuses them. */
export const scheduleCases: fc.Arbitrary<ScheduleCase> = fc
  .record({ machine: machines, model: models, plan: plans, run: runs })
  .map(({ run, machine, model, plan }) => {
    const { layout, codeBits } = machine.weights;
    return { machine, model, plan: layout === "codes" ? codesPlan(codeBits) : plan, ...run };
  });

export function describeCase({ machine, model, plan, ...rest }: ScheduleCase): string {
  const { linears: _, ...shape } = model;
  return JSON.stringify({ machine, shape, plan: plan.text, routed: plan.routed, ...rest });
}
