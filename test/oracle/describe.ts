//
//   Records, machines and results as lines to read: what a counterexample prints.

import {
  Command,
  Counter,
  Dram,
  Field,
  Knob,
  Level,
  Pool,
  Queue,
  RULE_WORDS,
  Stream,
  Work,
} from "../../assembly/contract.js";

/** One line a record: ordinal in its kind, fields that are not zero, waits as backward distances. */
export function describeProgram(records: readonly Int32Array[]): string {
  const seen = new Map<number, number>();
  const lines = records.map((words, index) => {
    const ordinal = seen.get(words[Field.Kind]) ?? 0;
    seen.set(words[Field.Kind], ordinal + 1);
    const name = `${Work[words[Field.Kind]]}.${ordinal}`.padEnd(10);
    return `${String(index).padStart(3)}  ${name} ${[...waits(words), ...fields(words)].join(" ")}`;
  });
  return lines.join("\n");
}

/** The knobs as name=value. */
export function describeMachine(knobs: Int32Array): string {
  return [...knobs].map((value, knob) => `${Knob[knob]}=${value}`).join(" ");
}

/** The device as name=value, then its rules and its address map. */
export function describeDevice(device: Int32Array): string {
  const numbers = [...device.subarray(0, Dram.Count)].map((value, word) => `${Dram[word]}=${value}`).join(" ");
  const rules: string[] = [];
  const end = Dram.Count + device[Dram.RuleCount] * RULE_WORDS;
  for (let at = Dram.Count; at < end; at += RULE_WORDS) {
    const [level, after, before, cycles, window, sibling] = device.subarray(at, at + RULE_WORDS);
    const notes = `${window > 1 ? ` window ${window}` : ""}${sibling ? " sibling" : ""}`;
    rules.push(`  ${Level[level]}: ${Command[after]} -> ${Command[before]} ${cycles}${notes}`);
  }
  const masks = [...device.subarray(end)].map((mask) => mask.toString(2)).join(" ");
  return [numbers, ...rules, `  address bits: ${masks}`].join("\n");
}

/** The counters that are not zero, by name. */
export function describeCounters(counters: ArrayLike<number>): string {
  const named = Array.from(counters, (value, counter) => [Counter[counter], value] as const);
  return named.flatMap(([name, value]) => (value === 0 ? [] : [`${name}=${value}`])).join(" ");
}

function waits(words: Int32Array): string[] {
  const names = [Field.AfterCompute, Field.AfterVector, Field.AfterStore];
  return names.filter((field) => words[field] !== 0).map((field) => `${fieldName(field)}=-${words[field]}`);
}

function fields(words: Int32Array): string[] {
  return FIELDS[words[Field.Kind]]
    .filter(([field]) => words[field] !== 0)
    .map(([field, name]) => {
      const value = words[field];
      if (name === "queue") return `queue=${Queue[value]}`;
      if (name === "stream") return `stream=${Stream[value]}`;
      if (name === "pool") return `pool=${Pool[value]}`;
      return `${name}=${value}`;
    });
}

function fieldName(field: Field): string {
  return { [Field.AfterCompute]: "compute", [Field.AfterVector]: "vector" }[field as number] ?? "store";
}

// Positions are shared between the kinds, so the names are told for each.
const FIELDS: Record<number, [field: Field, name: string][]> = {
  [Work.Fetch]: [
    [Field.FetchQueue, "queue"],
    [Field.FetchStream, "stream"],
    [Field.FetchBytes, "bytes"],
    [Field.FetchAddressLow, "address"],
    [Field.FetchAddressHigh, "addressHigh"],
    [Field.FetchCredit, "credit"],
    [Field.FetchRoute, "route"],
    [Field.FetchSlice, "slice"],
  ],
  [Work.Route]: [
    [Field.RouteInputs, "inputs"],
    [Field.RouteTokens, "tokens"],
    [Field.RouteDepths, "depths"],
    [Field.RouteRun, "run"],
  ],
  [Work.Compute]: [
    [Field.ComputeRun, "run"],
    [Field.ComputeScaleRun, "scaleRun"],
    [Field.ComputeInputRun, "inputRun"],
    [Field.ComputeRelease, "release"],
    [Field.ComputeRoute, "route"],
    [Field.ComputeSlice, "slice"],
    [Field.ComputeRows, "rows"],
    [Field.ComputeInputs, "inputs"],
    [Field.ComputeTerms, "terms"],
    [Field.ComputeCodeBits, "codeBits"],
    [Field.ComputeGroup, "group"],
    [Field.ComputeDequants, "dequants"],
    [Field.ComputePasses, "passes"],
    [Field.ComputePassColumns, "passColumns"],
    [Field.ComputeRowColumns, "rowColumns"],
    [Field.ComputeStagingBytes, "staging"],
    [Field.ComputeSumAdds, "sumAdds"],
    [Field.ComputeRoutedWeights, "routedWeights"],
  ],
  [Work.Vector]: [
    [Field.VectorElements, "elements"],
    [Field.VectorPasses, "passes"],
    [Field.VectorRun, "run"],
    [Field.VectorStagingBytes, "staging"],
  ],
  [Work.Store]: [
    [Field.StoreStream, "stream"],
    [Field.StoreBytes, "bytes"],
    [Field.StoreAddressLow, "address"],
    [Field.StoreAddressHigh, "addressHigh"],
    [Field.StorePool, "pool"],
  ],
};
