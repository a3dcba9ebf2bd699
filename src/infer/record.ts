//
//   A trace pack of what the model does with given tokens: schema mobi-trace-1, in FP32 with an exact cache.
//
//     sequences ─► reader ─► fp, k1..k4: NLL          ─┐
//                       └──► every budget: routers ─►  ├─► trace.json, trace.safetensors
//                            slices, scores, NLL      ─┘
//

import { InputError } from "../basics/errors.js";
import { type TensorToWrite, writeSafetensors } from "../basics/safetensors-writer.js";
import type { Model } from "../model/model.js";
import { SLICE_BITS, SLICES, type TraceDescription } from "../trace/trace-json.js";
import type { Reader } from "./reader.js";
import { judge, noExpectations } from "./reading.js";
import { constantDepths, type DepthSource, recordedDepths } from "./routing.js";
import { type Budget, meanBits } from "./study.js";

/** What a pack says of itself and the model does not know. */
interface About {
  readonly name: string;
  readonly source: string;
  readonly licence: string;
  readonly phase: "decode" | "prefill";
  readonly promptLength: number;
  readonly modelSha256: string;
  /** Keep the routers' scores too. */
  readonly scores: boolean;
}

interface Recorded {
  readonly json: string;
  readonly tensors: Uint8Array;
}

const GROUP = 128;

/** Records sequences of one length; yields after every reading how much is done. */
export function* record(
  reader: Reader,
  sequences: readonly Int32Array[],
  budgets: readonly Budget[],
  about: About,
): Generator<{ done: number; total: number }, Recorded> {
  const { model } = reader.from;
  const [length] = sequences.map((one) => one.length);
  if (budgets.length === 0)
    throw new InputError(`model ${model.name}: its slices have no thresholds; allowed at least one`);
  const pack = new Pack(reader, sequences.length, length, about.scores, budgets);
  const total = sequences.length * (5 + budgets.length);
  for (const [sequence, tokens] of sequences.entries()) {
    for (const done of pack.read(sequence, tokens)) yield { done: sequence * (5 + budgets.length) + done, total };
  }
  return {
    json: `${JSON.stringify(describe(pack, model, budgets, about), null, 1)}\n`,
    tensors: pack.tensors(sequences),
  };
}

/** Everything recorded, by the names of its tensors. */
class Pack {
  readonly linears: number;
  readonly slices = new Map<string, Uint8Array>();
  readonly #scores = new Map<string, Float32Array>();
  readonly #nll = new Map<string, Float32Array>();

  constructor(
    private readonly reader: Reader,
    readonly sequences: number,
    readonly length: number,
    keepScores: boolean,
    private readonly budgets: readonly Budget[],
  ) {
    this.linears = reader.from.model.linears.length;
    const rows = sequences * length;
    for (const { name } of budgets) {
      this.slices.set(name, new Uint8Array(rows * this.linears));
      if (keepScores) this.#scores.set(name, new Float32Array(rows * this.linears * (SLICES - 1)));
    }
    for (const name of this.configs) this.#nll.set(name, new Float32Array(rows));
  }

  get configs(): string[] {
    return ["fp", "k1", "k2", "k3", "k4", ...this.budgets.map(({ name }) => name)];
  }

  /** Reads one sequence in every configuration. */
  *read(sequence: number, tokens: Int32Array): Generator<number> {
    const reference = this.reader.reference(tokens);
    const fp = noExpectations(tokens.length);
    judge(fp, tokens, { tokens, position: 0 }, reference, reference);
    this.keep("fp", sequence, fp.nll);
    let done = 0;
    yield ++done;
    const sources = [1, 2, 3, 4].map((k): [string, DepthSource] => [`k${k}`, constantDepths(k)]);
    for (const [name, source] of [...sources, ...this.budgets.map((budget) => this.routed(budget, sequence))]) {
      this.keep(name, sequence, this.reader.expectations(tokens, source, reference).nll);
      yield ++done;
    }
  }

  tensors(sequences: readonly Int32Array[]): Uint8Array {
    const rows = [this.sequences, this.length];
    const tokens = Int32Array.from(sequences.flatMap((one) => [...one]));
    const tensors: Record<string, TensorToWrite> = { tokens: { dtype: "I32", shape: rows, values: tokens } };
    for (const [name, values] of this.#nll) tensors[`${name}/nll`] = { dtype: "F32", shape: rows, values };
    for (const [name, values] of this.#scores) {
      tensors[`${name}/scores`] = { dtype: "F32", shape: [...rows, this.linears, SLICES - 1], values };
    }
    for (const [name, values] of this.slices) {
      tensors[`${name}/slices`] = { dtype: "U8", shape: [...rows, this.linears], values };
    }
    return writeSafetensors(tensors);
  }

  private keep(name: string, sequence: number, nll: Float32Array): void {
    this.#nll.get(name)?.set(nll, sequence * this.length);
  }

  private routed({ name, threshold }: Budget, sequence: number): [string, DepthSource] {
    const own = sequence * this.length * this.linears;
    const table = (this.slices.get(name) as Uint8Array).subarray(own, own + this.length * this.linears);
    const scores = this.#scores.get(name)?.subarray(own * (SLICES - 1));
    const routed: DepthSource = (block) =>
      this.reader.routed(threshold, (linear, seen) => {
        if (scores === undefined) return;
        for (const [i, score] of seen.entries()) {
          const row = block.position + Math.floor(i / (SLICES - 1));
          scores[(row * this.linears + linear) * (SLICES - 1) + (i % (SLICES - 1))] = score;
        }
      })(block);
    return [name, recordedDepths(routed, table, this.linears)];
  }
}

function describe(pack: Pack, model: Model, budgets: readonly Budget[], about: About): TraceDescription {
  const weights = model.linears.map(({ in: inputs, out }) => inputs * out);
  return {
    schema: "mobi-trace-1",
    name: about.name,
    model: model.name,
    modelSha256: about.modelSha256,
    sequences: pack.sequences,
    sequenceLength: pack.length,
    promptLength: about.promptLength,
    phase: about.phase,
    source: about.source,
    licence: about.licence,
    sliceBits: new Array(SLICES).fill(SLICE_BITS),
    group: GROUP,
    linears: model.linears.map(({ name, in: inputs, out }) => ({ name, in: inputs, out })),
    budgets: budgets.map(({ name, threshold }) => ({
      name,
      bits: Number(name.slice(1)),
      threshold,
      measuredBits: meanBits(pack.slices.get(name) as Uint8Array, weights),
      scores: about.scores,
    })),
    nll: pack.configs,
  };
}
