//
//   Accuracy of one model on one text, configuration by configuration, beside its FP16 reference.
//
//     fp       the checkpoint's weights, FP32 products       routed    the routers at the threshold of a budget
//     k1..k4   constant slices                               random    their depths, dealt out anew among the tokens
//                                                            oracle    the deepest to the token that needs it most
//
//   random and oracle keep the routers' depths linear by linear and sequence by sequence, so their bits are the same.
//

import { oracleDepths } from "./oracle-routing.js";
import type { Reader } from "./reader.js";
import type { Expectations, Logits } from "./reading.js";
import { judge, noExpectations } from "./reading.js";
import { constantDepths, type DepthSource, givenDepths, recordedDepths, shuffledDepths } from "./routing.js";

export const KINDS = ["fp", "constant", "routed", "random", "oracle"] as const;
export type Kind = (typeof KINDS)[number];

/** A budget and the one threshold that serves all linears. */
export interface Budget {
  readonly name: string;
  readonly threshold: number;
}

export interface Request {
  readonly kinds: readonly Kind[];
  readonly budgets: readonly Budget[];
  /** Of the random control. */
  readonly seed: number;
}

export interface AccuracyRow {
  readonly kind: Kind;
  /** `fp`, `k2`, or the name of a budget. */
  readonly config: string;
  /** Mean weight bits; null for the reference. */
  readonly bits: number | null;
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
  nll: number;
  kl: number;
  agrees: number;
  tokens: number;
}

/** What is read with one sequence, one after the other. */
interface Task {
  kind: Kind;
  config: string;
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

  constructor(
    private readonly reader: Reader,
    private readonly request: Request,
  ) {
    this.#weights = reader.from.model.linears.map(({ in: inputs, out }) => inputs * out);
    this.#tasks = [...this.plain(), ...request.budgets.flatMap((budget) => this.ofBudget(budget))];
  }

  /** Reads the sequences; yields after each reading how much is done, and returns a row for each configuration. */
  *run(sequences: readonly Int32Array[]): Generator<{ done: number; total: number }, AccuracyRow[]> {
    const { kinds } = this.request;
    const shown = this.#tasks.filter(({ kind }) => kinds.includes(kind));
    const tallies = shown.map(({ kind, config }) => ({ kind, config, bits: 0, nll: 0, kl: 0, agrees: 0, tokens: 0 }));
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
    const { kinds } = this.request;
    const fp: Task = { kind: "fp", config: "fp", read: (own) => ({ found: ofReference(own), bits: 0 }) };
    const constant = [1, 2, 3, 4].map((k): Task => {
      return {
        kind: "constant",
        config: `k${k}`,
        read: (own) => ({ found: this.read(own, constantDepths(k)), bits: 2 * k }),
      };
    });
    return [fp, ...constant].filter(({ kind }) => kinds.includes(kind));
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
    return needed ? tasks.map(([kind, read]) => ({ kind, config: name, read })) : [];
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

function rowOf({ kind, config, bits, nll, kl, agrees, tokens }: Tally): AccuracyRow {
  return {
    kind,
    config,
    bits: kind === "fp" ? null : bits / tokens,
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
