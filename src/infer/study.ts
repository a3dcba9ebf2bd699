//
//   Accuracy of one model on one text, configuration by configuration, beside its FP16 reference.
//
//     fp       the checkpoint's weights, FP32 products       routed    the routers at the threshold of a budget
//     format   the checkpoint's weights in a number format   random    their depths, dealt out anew among the tokens
//     k1..k4   constant slices                               oracle    the deepest to the token that needs it most
//
//   random and oracle keep the routers' depths linear by linear and sequence by sequence, so their bits are the same.
//

import { type Format, formatBytes } from "../formats/format.js";
import { codeBitsOf } from "../formats/slice-layout.js";
import { groupsOf, type Linear, type Model } from "../model/model.js";
import { oracleDepths } from "./oracle-routing.js";
import type { Reader } from "./reader.js";
import type { Expectations, Logits } from "./reading.js";
import { judge, noExpectations } from "./reading.js";
import { constantDepths, type DepthSource, givenDepths, recordedDepths, shuffledDepths } from "./routing.js";
import type { Transformer } from "./transformer.js";

export const KINDS = ["fp", "format", "constant", "routed", "random", "oracle"] as const;
export type Kind = (typeof KINDS)[number];

/** A budget and the one threshold that serves all linears. */
export interface Budget {
  readonly name: string;
  readonly threshold: number;
}

interface Request {
  readonly kinds: readonly Kind[];
  /** Number formats of the rows of kind format. */
  readonly formats: readonly Format[];
  readonly budgets: readonly Budget[];
  /** Of the random control. */
  readonly seed: number;
}

export interface AccuracyRow {
  readonly kind: Kind;
  /** `fp`, `k2`, the name of a format or of a budget. */
  readonly config: string;
  /** Mean bits of a weight's code; null for the reference. */
  readonly bits: number | null;
  /** The same with everything that groups and rows have beside their codes: scales, zero points, selectors. */
  readonly storedBits: number | null;
  readonly perplexity: number;
  /** Mean over tokens of KL(FP16 || this), nats. */
  readonly kl: number;
  /** Share of tokens whose likeliest continuation is the reference's. */
  readonly agreement: number;
  readonly tokens: number;
}

interface Tally {
  kind: Kind;
  config: string;
  bits: number;
  sideBits: number;
  nll: number;
  kl: number;
  agrees: number;
  tokens: number;
}

/** What is read with one sequence, one after the other. */
interface Task {
  kind: Kind;
  config: string;
  /** Bits of a weight that are no code's. */
  sideBits: number;
  read: (own: Sequence) => { found: Expectations; bits: number };
}

interface Sequence {
  tokens: Int32Array;
  reference: Logits;
  /** By budget: depths of its routers, when they have read. */
  routed: Map<string, Uint8Array>;
  errors?: Float32Array;
}

export class Study {
  readonly #tasks: Task[];
  readonly #weights: number[];
  /** Of a slice: scale and zero point of its group. */
  readonly #sideBits: number;

  constructor(
    private readonly reader: Reader,
    private readonly request: Request,
  ) {
    this.#weights = reader.from.model.linears.map(({ in: inputs, out }) => inputs * out);
    this.#sideBits = sliceSideBits(reader.from.model);
    this.#tasks = [...this.plain(), ...request.budgets.flatMap((budget) => this.ofBudget(budget))];
  }

  /** Reads the sequences; yields after each reading how much is done, and returns a row for each configuration. */
  *run(sequences: readonly Int32Array[]): Generator<{ done: number; total: number }, AccuracyRow[]> {
    const { kinds } = this.request;
    const shown = this.#tasks.filter(({ kind }) => kinds.includes(kind));
    const tallies = shown.map(({ kind, config, sideBits }) => ({
      kind,
      config,
      sideBits,
      bits: 0,
      nll: 0,
      kl: 0,
      agrees: 0,
      tokens: 0,
    }));
    const total = sequences.length * (this.#tasks.length + 1);
    let done = 0;
    for (const tokens of sequences) {
      const own: Sequence = { tokens, reference: this.reader.reference(tokens), routed: new Map() };
      yield { done: ++done, total };
      for (const task of this.#tasks) {
        const { found, bits } = task.read(own);
        const tally = tallies[shown.indexOf(task)];
        if (tally !== undefined) add(tally, found, bits);
        yield { done: ++done, total };
      }
    }
    return tallies.map(rowOf);
  }

  private plain(): Task[] {
    const { kinds, formats } = this.request;
    const fp: Task = { kind: "fp", config: "fp", sideBits: 0, read: (own) => ({ found: ofReference(own), bits: 0 }) };
    const constant = [1, 2, 3, 4].map((k): Task => {
      const read: Task["read"] = (own) => ({ found: this.read(own, constantDepths(k)), bits: 2 * k });
      return { kind: "constant", config: `k${k}`, sideBits: this.#sideBits, read };
    });
    const coded = kinds.includes("format") ? formats.map((format) => this.ofFormat(format)) : [];
    return [fp, ...coded, ...constant].filter(({ kind }) => kinds.includes(kind));
  }

  /** Its weights are made when it reads for the first time. */
  private ofFormat(format: Format): Task {
    let model: Transformer | undefined;
    const bits = codeBitsOf(format.layout);
    const read: Task["read"] = ({ tokens, reference }) => {
      model ??= this.reader.coded(format);
      return { found: this.reader.expectations(tokens, constantDepths(0), reference, model), bits };
    };
    return { kind: "format", config: format.name, sideBits: storedBits(format, this.reader.from.model) - bits, read };
  }

  /** The routers read first: the others need what they decided. */
  private ofBudget({ name, threshold }: Budget): Task[] {
    const { kinds, seed } = this.request;
    const given = (own: Sequence, table: Uint8Array) => {
      const found = this.read(own, givenDepths(table, this.#weights.length));
      return { found, bits: meanBits(table, this.#weights) };
    };
    const routed: Task["read"] = (own) => {
      const table = new Uint8Array(own.tokens.length * this.#weights.length);
      own.routed.set(name, table);
      const found = this.read(own, recordedDepths(this.reader.routed(threshold), table, this.#weights.length));
      return { found, bits: meanBits(table, this.#weights) };
    };
    const random: Task["read"] = (own) => given(own, shuffledDepths(this.table(own, name), this.#weights.length, seed));
    const oracle: Task["read"] = (own) => {
      own.errors ??= this.reader.errors(own.tokens);
      return given(own, oracleDepths(own.errors, this.table(own, name), this.#weights.length));
    };
    const tasks: [Kind, Task["read"]][] = [["routed", routed]];
    if (kinds.includes("random")) tasks.push(["random", random]);
    if (kinds.includes("oracle")) tasks.push(["oracle", oracle]);
    const needed = tasks.length > 1 || kinds.includes("routed");
    return needed ? tasks.map(([kind, read]) => ({ kind, config: name, sideBits: this.#sideBits, read })) : [];
  }

  private read({ tokens, reference }: Sequence, source: DepthSource): Expectations {
    return this.reader.expectations(tokens, source, reference);
  }

  private table({ routed }: Sequence, name: string): Uint8Array {
    const table = routed.get(name);
    if (table === undefined) throw new Error(`internal: the routers of ${name} have not read`);
    return table;
  }
}

function ofReference({ tokens, reference }: Sequence): Expectations {
  const found = noExpectations(tokens.length);
  judge(found, tokens, { tokens, position: 0 }, reference, reference);
  return found;
}

function add(tally: Tally, { nll, kl, agrees }: Expectations, bits: number): void {
  const tokens = nll.length - 1;
  for (let position = 1; position <= tokens; position++) {
    tally.nll += nll[position];
    tally.kl += kl[position];
    tally.agrees += agrees[position];
  }
  tally.bits += bits * tokens;
  tally.tokens += tokens;
}

function rowOf({ kind, config, sideBits, bits, nll, kl, agrees, tokens }: Tally): AccuracyRow {
  return {
    kind,
    config,
    bits: kind === "fp" ? null : bits / tokens,
    storedBits: kind === "fp" ? null : bits / tokens + sideBits,
    perplexity: Math.exp(nll / tokens),
    kl: kl / tokens,
    agreement: agrees / tokens,
    tokens,
  };
}

/** Mean bits of depths [position][linear], two a slice, each linear by its weights. */
export function meanBits(depths: Uint8Array, weights: readonly number[]): number {
  const whole = weights.reduce((sum, one) => sum + one, 0) * (depths.length / weights.length);
  return (2 * depths.reduce((sum, depth, i) => sum + depth * weights[i % weights.length], 0)) / whole;
}

/** Everything that a format stores, over the weights of the linears. */
function storedBits(format: Format, { linears }: Model): number {
  const bytes = linears.reduce((sum, { in: inputs, out }) => sum + formatBytes(format, out, inputs).total, 0);
  return (8 * bytes) / weightsOf(linears);
}

function sliceSideBits({ linears }: Model): number {
  const groups = linears.reduce((sum, { in: inputs, out }) => sum + out * groupsOf(inputs), 0);
  return (GROUP_SIDE_BITS * groups) / weightsOf(linears);
}

function weightsOf(linears: readonly Linear[]): number {
  return linears.reduce((sum, { in: inputs, out }) => sum + inputs * out, 0);
}

/** Scale and zero point of a group of slices, FP16 each. */
const GROUP_SIDE_BITS = 32;
