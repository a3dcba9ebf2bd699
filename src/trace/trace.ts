//
//   A trace pack: what a model really did. Schema mobi-trace-1, described in traces/README.md.
//
//     trace.json ─────────► what there is: sequences, linears, budgets        every claim of the one
//     trace.safetensors ──► tokens, <budget>/slices, /scores, <config>/nll    is checked against the other
//
//   `parseTrace` refuses the first thing that is wrong, with its tensor and place; after it nothing needs checking again.
//   Tensors stay views into the file. Axes are [sequence][position][linear]; a `row` is sequence * sequenceLength +
//   position.
//
//     slices == 1 + count(scores > threshold), compared in f32 as it was recorded
//

import { InputError } from "../basics/errors.js";
import { type Dtype, f32, i32, parseSafetensors, type Safetensors, type Tensor, u8 } from "../basics/safetensors.js";
import { linearsPerLayer, type Model } from "../model/model.js";
import { type Budget, parseTraceJson, SLICES, type TraceDescription } from "./trace-json.js";

export class Trace {
  readonly file: string;
  readonly tensorFile: string;
  readonly about: TraceDescription;
  /** Token ids by row. */
  readonly tokens: Int32Array;
  readonly #tensors: Safetensors;

  constructor(file: string, about: TraceDescription, tensorFile: string, tensors: Safetensors) {
    this.file = file;
    this.about = about;
    this.tensorFile = tensorFile;
    this.#tensors = tensors;
    this.tokens = i32(this.#tensor("tokens"));
  }

  get name(): string {
    return this.about.name;
  }

  /** It claims to be of this model: checkTraceAgainstModel says whether it is. */
  isOf(model: Model): boolean {
    return this.about.model === model.name;
  }

  get sequences(): number {
    return this.about.sequences;
  }

  get sequenceLength(): number {
    return this.about.sequenceLength;
  }

  get promptLength(): number {
    return this.about.promptLength;
  }

  /** Sequences x positions. */
  get rows(): number {
    return this.sequences * this.sequenceLength;
  }

  get linears(): TraceDescription["linears"] {
    return this.about.linears;
  }

  row(sequence: number, position: number): number {
    return sequence * this.sequenceLength + position;
  }

  token(sequence: number, position: number): number {
    return this.tokens[this.row(sequence, position)];
  }

  /** The budget whose `bits` are exactly these. */
  budgetOf(bits: number): Budget | undefined {
    return this.about.budgets.find((budget) => budget.bits === bits);
  }

  /** 1..4 by [row][linear]. */
  slices(budgetName: string): Uint8Array {
    return u8(this.#tensor(`${budgetName}/slices`));
  }

  /** Router scores of slices 2, 3, 4 by [row][linear][3]; undefined where the budget has none. */
  scores(budgetName: string): Float32Array | undefined {
    const budget = this.about.budgets.find((one) => one.name === budgetName);
    return budget?.scores ? f32(this.#tensor(`${budgetName}/scores`)) : undefined;
  }

  hasNll(config: string): boolean {
    return this.about.nll.includes(config);
  }

  /** -log p of each token given those before it, by row; 0 at position 0. */
  nll(config: string): Float32Array {
    return f32(this.#tensor(`${config}/nll`));
  }

  #tensor(name: string) {
    const tensor = this.#tensors.tensors.get(name);
    if (tensor === undefined) throw new InputError(`${this.tensorFile}: tensor ${name} is missing`);
    return tensor;
  }
}

export function parseTrace(jsonText: string, jsonName: string, tensorBytes: Uint8Array, tensorName: string): Trace {
  const about = parseTraceJson(jsonText, jsonName);
  const tensors = parseSafetensors(tensorBytes, tensorName);
  checkTensorNames(about, tensors, tensorName);
  const trace = new Trace(jsonName, about, tensorName, tensors);
  checkTokens(trace);
  for (const budget of about.budgets) {
    checkSlices(trace, budget.name);
    checkScores(trace, budget);
  }
  for (const config of about.nll) checkNll(trace, config);
  return trace;
}

/** That the trace is of this model: its linears in order, its vocabulary, its weights where their sha256 is known. */
export function checkTraceAgainstModel(trace: Trace, model: Model, modelSha256?: string): void {
  const { linears, modelSha256: recorded } = trace.about;
  const fail = (found: string, allowed: string): never => {
    throw new InputError(`${trace.file}: ${found}; allowed ${allowed} (model ${model.name})`);
  };
  if (linears.length !== model.linears.length) {
    const count = `${model.linears.length} = ${model.layers} layers x ${linearsPerLayer(model)}`;
    fail(`linears is a list of ${linears.length}`, count);
  }
  for (const [place, linear] of linears.entries()) {
    const own = model.linears[place];
    if (linear.name !== own.name) fail(`linears.${place}.name is ${JSON.stringify(linear.name)}`, own.name);
    for (const side of ["in", "out"] as const) {
      if (linear[side] !== own[side]) fail(`linears.${place}.${side} (${own.name}) is ${linear[side]}`, `${own[side]}`);
    }
  }
  if (modelSha256 !== undefined && recorded !== modelSha256) {
    fail(`modelSha256 is ${recorded}`, `${modelSha256}, the sha256 of the weights`);
  }
  checkTokens(trace, model.vocab);
}

// ---- the tensors

/** Every tensor that trace.json speaks of is there with its dtype and shape, and no other. */
function checkTensorNames(about: TraceDescription, tensors: Safetensors, file: string): void {
  const wanted = expectedTensors(about);
  for (const [name, [dtype, shape]] of wanted) {
    const tensor = tensors.tensors.get(name);
    if (tensor === undefined) throw new InputError(`${file}: tensor ${name} is missing; trace.json says it is there`);
    if (tensor.dtype !== dtype) fail(tensor, `dtype is "${tensor.dtype}"`, dtype);
    const found = JSON.stringify(tensor.shape);
    if (found !== JSON.stringify(shape)) fail(tensor, `shape is ${found}`, JSON.stringify(shape));
  }
  for (const name of tensors.tensors.keys()) {
    if (!wanted.has(name)) throw new InputError(`${file}: tensor ${name} is there; trace.json does not speak of it`);
  }
}

function expectedTensors(about: TraceDescription): Map<string, [Dtype, number[]]> {
  const rows = [about.sequences, about.sequenceLength];
  const depths = [...rows, about.linears.length];
  const wanted = new Map<string, [Dtype, number[]]>([["tokens", ["I32", rows]]]);
  for (const budget of about.budgets) {
    wanted.set(`${budget.name}/slices`, ["U8", depths]);
    if (budget.scores) wanted.set(`${budget.name}/scores`, ["F32", [...depths, SLICES - 1]]);
  }
  for (const config of about.nll) wanted.set(`${config}/nll`, ["F32", rows]);
  return wanted;
}

function fail(tensor: Tensor, found: string, allowed: string): never {
  throw new InputError(`${tensor.file}: tensor ${tensor.name}: ${found}; allowed ${allowed}`);
}

/** Token ids from 0, below the vocabulary where it is known. */
function checkTokens(trace: Trace, vocab = Number.POSITIVE_INFINITY): void {
  const bad = trace.tokens.findIndex((token) => token < 0 || token >= vocab);
  if (bad < 0) return;
  const allowed = vocab === Number.POSITIVE_INFINITY ? "0 or more" : `0..${vocab - 1} (the vocabulary)`;
  refuse(trace, "tokens", place(trace, bad), trace.tokens[bad], allowed);
}

function checkSlices(trace: Trace, budgetName: string): void {
  const slices = trace.slices(budgetName);
  for (let i = 0; i < slices.length; i++) {
    if (slices[i] < 1 || slices[i] > SLICES)
      refuse(trace, `${budgetName}/slices`, linearPlace(trace, i), slices[i], `1..${SLICES}`);
  }
}

function checkScores(trace: Trace, budget: Budget): void {
  const scores = trace.scores(budget.name);
  if (scores === undefined) return;
  const slices = trace.slices(budget.name);
  const threshold = Math.fround(budget.threshold);
  for (let i = 0, s = 0; i < slices.length; i++, s += 3) {
    // Not a list: a million of them would be made.
    const a = scores[s];
    const b = scores[s + 1];
    const c = scores[s + 2];
    // A NaN or an infinity makes the sum of differences NaN.
    if (a - a + (b - b) + (c - c) !== 0) refuseScore(trace, budget.name, scores, s);
    const wanted = 1 + (a > threshold ? 1 : 0) + (b > threshold ? 1 : 0) + (c > threshold ? 1 : 0);
    if (slices[i] === wanted) continue;
    const why = `${wanted} = 1 + scores above the threshold ${budget.threshold}`;
    refuse(trace, `${budget.name}/slices`, linearPlace(trace, i), slices[i], why);
  }
}

function refuseScore(trace: Trace, budgetName: string, scores: Float32Array, from: number): never {
  const slice = [0, 1, 2].find((one) => !Number.isFinite(scores[from + one])) ?? 0;
  const where = `${linearPlace(trace, from / 3)}, slice ${slice + 2}`;
  refuse(trace, `${budgetName}/scores`, where, scores[from + slice], "finite numbers");
}

function checkNll(trace: Trace, config: string): void {
  const nll = trace.nll(config);
  for (let row = 0; row < nll.length; row++) {
    const first = row % trace.sequenceLength === 0;
    if (first ? nll[row] === 0 : nll[row] >= 0 && nll[row] < Number.POSITIVE_INFINITY) continue;
    const allowed = first ? "0 at position 0: nothing predicts it" : "finite numbers of 0 or more";
    refuse(trace, `${config}/nll`, place(trace, row), nll[row], allowed);
  }
}

function refuse(trace: Trace, tensor: string, where: string, found: number, allowed: string): never {
  throw new InputError(`${trace.tensorFile}: tensor ${tensor}: ${where} is ${found}; allowed ${allowed}`);
}

function place(trace: Trace, row: number): string {
  return `sequence ${Math.floor(row / trace.sequenceLength)}, position ${row % trace.sequenceLength}`;
}

function linearPlace(trace: Trace, index: number): string {
  const linear = index % trace.linears.length;
  return `${place(trace, Math.floor(index / trace.linears.length))}, linear ${trace.linears[linear].name}`;
}
