//
//   Hazards in DRAM: what is read is stored before, what is overwritten has been read.
//
//   What has surely happened when a record begins follows from its waits, its operands and the in-order units alone
//   (docs/machine.md, section 2): compute records ended and visible, vector and store records done.

import { Field, Queue, Stream, Work } from "../../assembly/contract.js";
import type { Placement } from "../../src/schedule/placement.js";
import { addressOf, bytesOf, name, REFERENCES, type Record, type Recorded, ref, WAITS } from "./record.js";

/** Numbers of the latest records that are surely done; compute records end before they are visible. */
interface Past {
  ended: number;
  visible: number;
  vector: number;
  store: number;
}

const NOTHING: Past = { ended: -1, visible: -1, vector: -1, store: -1 };

function join(...pasts: (Past | undefined)[]): Past {
  const result = { ...NOTHING };
  for (const past of pasts) {
    if (past === undefined) continue;
    for (const key of Object.keys(result) as (keyof Past)[]) result[key] = Math.max(result[key], past[key]);
  }
  return result;
}

/** The past of each record at its beginning: start, or grant. */
function pastsOf({ all, of }: Recorded): Map<Record, Past> {
  const begun = new Map<Record, Past>();
  const done = new Map<Record, Past>();
  const latest: { [unit: string]: Past } = {};
  const finished = (kind: Work, number: number) => done.get(of[kind][number]);
  for (const record of all) {
    const { kind, words, number } = record;
    const demand = kind === Work.Fetch && words[Field.FetchQueue] === Queue.Demand;
    const unit = demand ? "demand" : Work[kind];
    const dropped = kind === Work.Compute && ref(record, Field.ComputeRoute) >= 0;
    const references = (REFERENCES[kind] ?? []).filter(([field]) => !dropped || field === Field.ComputeRoute);
    const needs = [...(dropped ? [] : WAITS), ...references];
    const own = needs.map(([field, target]) => finished(target, ref(record, field)));
    const start = join(...own, latest[unit], demand ? latest[Work[Work.Fetch]] : undefined);
    const end = { ...start };
    if (kind === Work.Compute) Object.assign(end, { ended: number, visible: number });
    if (kind === Work.Vector) end.vector = number;
    if (kind === Work.Store) Object.assign(end, join(start, done.get(of[Work.Store][number - 1])), { store: number });
    begun.set(record, start);
    done.set(record, end);
    latest[unit] = kind === Work.Compute ? { ...start, ended: number } : kind === Work.Vector ? end : start;
  }
  return begun;
}

/** Reads of what may not be stored, stores over what may not be read, a line each. */
export function hazardFaults(recorded: Recorded, { regions }: Placement): string[] {
  const faults: string[] = [];
  const pasts = pastsOf(recorded);
  const consumers = consumersOf(recorded);
  const written = regions.filter(({ stream }) => stream === "kv" || stream === "activations");
  const base = written[0]?.start ?? 0;
  const end = regions.at(-1)!;
  const writer = new Int32Array(Math.max(0, end.start + end.bytes - base)).fill(-1);
  const reads: { record: Record; from: number; to: number }[] = [];
  for (const record of recorded.all) {
    if (record.kind !== Work.Fetch && record.kind !== Work.Store) continue;
    const [from, to] = [addressOf(record) - base, addressOf(record) - base + bytesOf(record)];
    if (from < 0) continue;
    const past = pasts.get(record)!;
    if (record.kind === Work.Fetch) {
      const newest = writer.subarray(from, to).reduce((most, one) => Math.max(most, one), -1);
      if (newest > past.store) faults.push(`${name(record)} reads what Store ${newest} may not have stored`);
      const activations = record.words[Field.FetchStream] === Stream.Activations;
      if (activations && writer.subarray(from, to).includes(-1))
        faults.push(`${name(record)} reads what nobody stores`);
      reads.push({ record, from, to });
      continue;
    }
    writer.fill(record.number, from, to);
    for (const read of reads) {
      if (read.from >= to || from >= read.to) continue;
      const readers = consumers.get(read.record.number) ?? [];
      const over = readers.some(({ kind, number }) => number <= (kind === Work.Vector ? past.vector : past.ended));
      if (!over) faults.push(`${name(record)} overwrites what ${name(read.record)} may not have read`);
    }
  }
  return faults;
}

/** Records that cannot begin before a run has arrived. */
function consumersOf({ all }: Recorded): Map<number, Record[]> {
  const result = new Map<number, Record[]>();
  for (const record of all) {
    if (record.kind !== Work.Compute && record.kind !== Work.Vector) continue;
    for (const [field, target] of REFERENCES[record.kind] ?? []) {
      const number = ref(record, field);
      if (target !== Work.Fetch || number < 0) continue;
      result.set(number, [...(result.get(number) ?? []), record]);
    }
  }
  return result;
}
