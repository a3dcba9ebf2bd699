//
//   What the units of a machine did in a window of its cycles: spans of work, and levels that change.
//
//     events ──► Recording ──┬──► timeline.ts (Perfetto, Chrome)
//                            └──► vcd.ts (GTKWave)
//
//   The window bounds what is kept; before it only levels are followed, so that it begins with the right ones.
//

import { Counter, Dram, Queue } from "../../assembly/contract.js";
import { Event, Seen } from "../../assembly/events.js";
import { InputError } from "../basics/errors.js";
import { layerOfTag, stepOfTag } from "../schedule/tags.js";
import { CAUSES, opName } from "./ops.js";
import type { Happening, Listener } from "./reader.js";

/** Core cycles [from, to). */
export interface CycleWindow {
  from: number;
  to: number;
}

/** Units that do one thing at a time. */
export const LANES = ["array", "waits", "router", "vector"] as const;
type Lane = (typeof LANES)[number];

interface Span {
  lane: Lane;
  name: string;
  start: number;
  cycles: number;
  details: Record<string, number>;
}

/** From this cycle on a level has this value. */
export interface Change {
  cycle: number;
  value: number;
}

/** Where the channels of a machine find their part of a run. */
interface ChannelGeometry {
  channels: number;
  /** Address bits, counted in transactions, below the channel bits. */
  shift: number;
  transactionBytes: number;
  sliceBufferBytes: number;
}

export const DEFAULT_WINDOW: CycleWindow = { from: 0, to: 100_000 };
const MOST_CYCLES = 10_000_000;

/** The window of a text FROM..TO. */
export function parseWindow(text: string): CycleWindow {
  const [, from, to] = /^(\d{1,15})\.\.(\d{1,15})$/.exec(text) ?? [];
  const window = { from: Number(from), to: Number(to) };
  if (window.from < window.to && window.to - window.from <= MOST_CYCLES) return window;
  const allowed = `FROM..TO in core cycles, FROM < TO, at most ${MOST_CYCLES} of them`;
  throw new InputError(`--timeline-window is ${text}; allowed ${allowed}`);
}

interface Transfer {
  bytes: number;
  channels: number[];
  queue: "base" | "demand" | "stores";
}

export class Recording {
  readonly spans: Span[] = [];
  private readonly levels = new Map<string, { value: number; changes: Change[] }>();
  private readonly transfers = new Map<string, Transfer>();

  constructor(
    readonly window: CycleWindow,
    private readonly geometry: ChannelGeometry,
  ) {
    for (const name of ["sliceBufferBytes", "baseRuns", "demandRuns", "stores"]) this.levels.set(name, fresh());
    for (let i = 0; i < geometry.channels; i++) this.levels.set(`channel${i}Bytes`, fresh());
  }

  readonly listener: Listener = {
    [Event.Cycles]: (one) => {
      const cause = CAUSES[one.word(Seen.Cause) - Counter.CyclesBusy];
      if (cause !== "busy") this.span("waits", `${cause}: ${nameOf(one)}`, one, {});
    },
    [Event.Compute]: (one) => {
      const slice = one.word(Seen.Slice);
      const name = slice === 0 ? nameOf(one) : `${nameOf(one)} slice ${slice}`;
      this.span("array", name, one, { active: one.word(Seen.Active), gated: one.word(Seen.Gated) });
      this.buffer(one);
    },
    [Event.Route]: (one) => this.span("router", nameOf(one), one, { tokens: one.word(Seen.Tokens) }),
    [Event.Vector]: (one) => {
      this.span("vector", nameOf(one), one, { elements: one.word(Seen.Elements), passes: one.word(Seen.Passes) });
    },
    [Event.Grant]: (one) => {
      this.begin(`run ${one.word(Seen.Number)}`, one.word(Seen.Queue) === Queue.Base ? "base" : "demand", one);
      this.buffer(one);
    },
    [Event.Arrival]: (one) => this.end(`run ${one.word(Seen.Number)}`, one),
    [Event.Store]: (one) => this.begin(`store ${one.word(Seen.Number)}`, "stores", one),
    [Event.Stored]: (one) => this.end(`store ${one.word(Seen.Number)}`, one),
  };

  /** Every level with its changes; the first is at the window's begin. */
  changes(): [string, Change[]][] {
    return [...this.levels].map(([name, { value, changes }]) => [
      name,
      changes.length > 0 ? changes : [{ cycle: this.window.from, value }],
    ]);
  }

  /** What of it lies in the window. */
  private span(lane: Lane, name: string, one: Happening, details: Record<string, number>): void {
    const start = Math.max(one.start, this.window.from);
    const cycles = Math.min(one.start + one.cycles, this.window.to) - start;
    const last = this.spans[this.spans.length - 1];
    if (lane === "waits" && last?.lane === lane && last.name === name && last.start + last.cycles === start) {
      last.cycles += Math.max(0, cycles); // the book was emptied in between
    } else if (cycles > 0)
      this.spans.push({ lane, name, start, cycles, details: { ...details, step: stepOfTag(one.tag) } });
  }

  private begin(name: string, queue: Transfer["queue"], one: Happening): void {
    const bytes = one.word(Seen.Bytes);
    const channels = bytesByChannel(one.address, bytes, this.geometry);
    this.transfers.set(name, { bytes, channels, queue });
    this.move({ bytes, channels, queue }, 1, one.start);
  }

  private end(name: string, one: Happening): void {
    const transfer = this.transfers.get(name);
    if (transfer === undefined) return;
    this.transfers.delete(name);
    this.move(transfer, -1, one.start);
  }

  private move({ channels, queue }: Transfer, sign: 1 | -1, cycle: number): void {
    this.add(queue === "stores" ? queue : `${queue}Runs`, sign, cycle);
    for (const [i, bytes] of channels.entries()) if (bytes > 0) this.add(`channel${i}Bytes`, sign * bytes, cycle);
  }

  private buffer(one: Happening): void {
    const used = this.geometry.sliceBufferBytes - one.word(Seen.FreeBytes);
    this.add("sliceBufferBytes", used - (this.levels.get("sliceBufferBytes")?.value ?? 0), one.start + one.cycles);
  }

  private add(name: string, amount: number, cycle: number): void {
    const level = this.levels.get(name) ?? fresh();
    const { from, to } = this.window;
    if (cycle >= from && cycle < to) {
      if (level.changes.length === 0) level.changes.push({ cycle: from, value: level.value });
      const last = level.changes[level.changes.length - 1];
      if (last.cycle === cycle) last.value = level.value + amount;
      else if (amount !== 0) level.changes.push({ cycle, value: level.value + amount });
    }
    if (cycle < to) level.value += amount;
  }
}

/** What the recording has to know of the device vector a machine is built from. */
export function geometryOf(device: Int32Array, sliceBufferBytes: number): ChannelGeometry {
  const { Channels, ChannelShift, TransactionBytes } = Dram;
  return {
    channels: device[Channels],
    shift: device[ChannelShift],
    transactionBytes: device[TransactionBytes],
    sliceBufferBytes,
  };
}

/** The whole transactions of a run, by channel: docs/machine.md, section 3. */
export function bytesByChannel(address: number, bytes: number, geometry: ChannelGeometry): number[] {
  const { channels, shift, transactionBytes } = geometry;
  const block = 2 ** shift;
  const first = Math.floor(address / transactionBytes);
  const end = Math.floor((address + bytes - 1) / transactionBytes) + 1;
  const below = (global: number, channel: number): number => {
    const whole = Math.floor(global / (block * channels));
    const rest = global - whole * block * channels - channel * block;
    return whole * block + Math.min(Math.max(rest, 0), block);
  };
  return Array.from({ length: channels }, (_, i) => (below(end, i) - below(first, i)) * transactionBytes);
}

function nameOf({ tag }: Happening): string {
  const layer = layerOfTag(tag);
  return layer < 0 ? opName(tag) : `layer ${layer} ${opName(tag)}`;
}

function fresh(): { value: number; changes: Change[] } {
  return { value: 0, changes: [] };
}
