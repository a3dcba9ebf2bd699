//
//   A recording as Chrome trace events: Perfetto (ui.perfetto.dev) and chrome://tracing open the file.
//
//     process core    a thread a unit: array, what it waits for, router, vector unit; runs in flight, slice buffer as counters
//     process DRAM    a counter a channel: bytes asked of it and not yet arrived as whole runs
//

import { type Change, LANES, type Recording } from "./recording.js";

const CORE = 1;
const DRAM = 2;

/** What stands in the file; times are in microseconds. */
interface TraceEvent {
  ph: "M" | "X" | "C";
  pid: number;
  tid?: number;
  name: string;
  ts?: number;
  dur?: number;
  args: Record<string, string | number>;
}

export interface TraceFile {
  displayTimeUnit: "ns";
  otherData: Record<string, string | number>;
  traceEvents: TraceEvent[];
}

export function timelineOf(recording: Recording, coreMHz: number, about: Record<string, string | number>): TraceFile {
  const { from, to } = recording.window;
  return {
    displayTimeUnit: "ns",
    otherData: { ...about, fromCycle: from, toCycle: to, coreMHz },
    traceEvents: [...names(), ...spans(recording, coreMHz), ...levels(recording, coreMHz)],
  };
}

function names(): TraceEvent[] {
  const named = (pid: number, name: string): TraceEvent => ({ ph: "M", pid, name: "process_name", args: { name } });
  const threads = LANES.map(
    (name, i): TraceEvent => ({ ph: "M", pid: CORE, tid: i + 1, name: "thread_name", args: { name } }),
  );
  return [named(CORE, "core"), named(DRAM, "DRAM"), ...threads];
}

function spans({ spans }: Recording, coreMHz: number): TraceEvent[] {
  const ordered = [...spans].sort((a, b) => a.start - b.start);
  return ordered.map(({ lane, name, start, cycles, details }) => ({
    ...{ ph: "X", pid: CORE, tid: LANES.indexOf(lane) + 1, name },
    ...{ ts: start / coreMHz, dur: cycles / coreMHz, args: { ...details, cycle: start, cycles } },
  }));
}

function levels(recording: Recording, coreMHz: number): TraceEvent[] {
  return recording.changes().flatMap(([name, changes]) => {
    const pid = name.startsWith("channel") ? DRAM : CORE;
    return changes.map(({ cycle, value }: Change): TraceEvent => {
      return { ph: "C", pid, name, ts: cycle / coreMHz, args: { [name]: value } };
    });
  });
}
