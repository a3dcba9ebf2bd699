//
//   A recording as a value change dump (IEEE 1364-2005, section 18): GTKWave and Surfer open the file.
//
//     1-bit       array, router, vector: at work in this cycle
//     vectors     waits: cause number (1 route .. 6 drain), 0: none; levels of the recording
//
//   Time        picoseconds; a core cycle begins at round(cycle x period).
//

import { CAUSES } from "./ops.js";
import type { Change, Recording } from "./recording.js";

const PS_PER_US = 1e6;
const LEVEL_BITS = 32;
const CAUSE_BITS = 3;

interface Signal {
  name: string;
  bits: number;
  changes: Change[];
}

export function vcdOf(recording: Recording, coreMHz: number, comment: string): string {
  const signals = [
    ...units(recording),
    ...recording.changes().map(([name, changes]) => ({ name, bits: LEVEL_BITS, changes })),
  ];
  const head = [
    `$comment ${comment.replaceAll("$", "")} $end`,
    "$timescale 1 ps $end",
    "$scope module core $end",
    ...signals.map(({ name, bits }, i) => `$var wire ${bits} ${identifier(i)} ${name} $end`),
    "$upscope $end",
    "$enddefinitions $end",
  ];
  return `${[...head, ...body(signals, recording.window, coreMHz)].join("\n")}\n`;
}

/** Every change in the order of time; at the first one all signals have a value. */
function body(signals: readonly Signal[], { from, to }: Recording["window"], coreMHz: number): string[] {
  const byCycle = new Map<number, string[]>();
  for (const [i, { bits, changes }] of signals.entries()) {
    for (const { cycle, value } of changes) {
      const lines = byCycle.get(cycle) ?? [];
      lines.push(bits === 1 ? `${value}${identifier(i)}` : `b${value.toString(2)} ${identifier(i)}`);
      byCycle.set(cycle, lines);
    }
  }
  const time = (cycle: number) => `#${Math.round((cycle * PS_PER_US) / coreMHz)}`;
  const cycles = [...byCycle.keys()].sort((a, b) => a - b);
  const lines = cycles.flatMap((cycle) => {
    const values = byCycle.get(cycle) ?? [];
    return cycle === from ? [time(cycle), "$dumpvars", ...values, "$end"] : [time(cycle), ...values];
  });
  return [...lines, time(to)];
}

/** Units as signals: work that follows on work is one stretch. */
function units({ spans, window }: Recording): Signal[] {
  const of = (lane: string, value: (name: string) => number): Change[] => {
    const at = new Map<number, number>([[window.from, 0]]);
    const own = spans.filter((span) => span.lane === lane).sort((a, b) => a.start - b.start);
    for (const { start, cycles, name } of own) {
      at.set(start, value(name));
      if (start + cycles < window.to) at.set(start + cycles, 0);
    }
    const changes = [...at].map(([cycle, one]) => ({ cycle, value: one })).sort((a, b) => a.cycle - b.cycle);
    return changes.filter(({ value: one }, i) => i === 0 || one !== changes[i - 1].value);
  };
  const causeOf = (name: string) => CAUSES.findIndex((cause) => name.startsWith(`${cause}:`));
  return [
    ...["array", "router", "vector"].map((name) => ({ name, bits: 1, changes: of(name, () => 1) })),
    { name: "waits", bits: CAUSE_BITS, changes: of("waits", causeOf) },
  ];
}

/** Short names of printable characters, as the standard wants them. */
function identifier(index: number): string {
  const [first, count] = [33, 94];
  const letter = String.fromCharCode(first + (index % count));
  return index < count ? letter : letter + identifier(Math.floor(index / count) - 1);
}
