//
//   Timeline and waveform, read back: what they show is what the run counted.
//

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { machineVectors } from "../../src/job.js";
import { CAUSES } from "../../src/observe/ops.js";
import { bytesByChannel, type CycleWindow, geometryOf, parseWindow, Recording } from "../../src/observe/recording.js";
import { type TraceFile, timelineOf } from "../../src/observe/timeline.js";
import { vcdOf } from "../../src/observe/vcd.js";
import type { Result } from "../../src/result/result.js";
import { simulate } from "../../src/simulate.js";
import { readVcd, timeOf, type Wave } from "../support/vcd.js";

const recording = suite("timeline and waveform");
const ALL: CycleWindow = { from: 0, to: 5_000_000 };
const PART: CycleWindow = { from: 20_000, to: 31_000 };

interface Recorded {
  result: Result;
  timeline: TraceFile;
  waves: Map<string, Wave>;
  end: number;
}

async function recorded(window: CycleWindow, coreMHz = 1000): Promise<Recorded> {
  const kept: Recording[] = [];
  const request = { machine: "edge", model: "tiny-llama", trace: "decode16", budget: 4, batch: 2, steps: 1 };
  const result = await simulate(
    { ...request, sets: [`clock.coreMHz=${coreMHz}`] },
    {
      counterfactuals: false,
      listen: ({ inputs }) => {
        const bytes = inputs.machine.buffers.sliceKiB * 1024;
        kept.push(new Recording(window, geometryOf(machineVectors(inputs).device, bytes)));
        return [kept[0].listener];
      },
    },
  );
  const timeline = JSON.parse(JSON.stringify(timelineOf(kept[0], coreMHz, {}))) as TraceFile;
  const { waves, end, timescale } = readVcd(vcdOf(kept[0], coreMHz, "a test"));
  assert.is(timescale, "1 ps");
  return { result, timeline, waves: new Map(waves.map((wave) => [wave.name, wave])), end };
}

/** Core cycles that the spans of a thread take, by the first word of their names. */
function cyclesOf({ traceEvents }: TraceFile, thread: string): Map<string, number> {
  const { tid } = traceEvents.find(({ ph, args }) => ph === "M" && args.name === thread) ?? {};
  const sums = new Map<string, number>();
  for (const { ph, tid: own, name, args } of traceEvents) {
    if (ph !== "X" || own !== tid) continue;
    const key = thread === "waits" ? name.split(":")[0] : thread;
    sums.set(key, (sums.get(key) ?? 0) + Number(args.cycles));
  }
  return sums;
}

const whole = recorded(ALL);

recording("the timeline's spans are the run's cycles", async () => {
  const { result, timeline } = await whole;
  const { breakdown, counters } = result;
  assert.is(cyclesOf(timeline, "array").get("array"), breakdown.busy);
  assert.is(cyclesOf(timeline, "router").get("router"), counters.RouterBusyCycles);
  assert.is(cyclesOf(timeline, "vector").get("vector"), counters.VectorBusyCycles);
  const waits = cyclesOf(timeline, "waits");
  for (const cause of CAUSES.slice(1)) assert.is(waits.get(cause) ?? 0, breakdown[cause], cause);
});

recording("spans of a thread do not overlap, counters end where they began", async () => {
  const { timeline, result } = await whole;
  const ends = new Map<number, number>();
  const last = new Map<string, number>();
  for (const { ph, tid = 0, name, ts = 0, args } of timeline.traceEvents) {
    if (ph === "X") {
      assert.ok(Number(args.cycle) >= (ends.get(tid) ?? 0), `${name} at ${ts}`);
      ends.set(tid, Number(args.cycle) + Number(args.cycles));
    } else if (ph === "C") {
      assert.ok(Number(args[name]) >= 0, `${name} at ${ts} is ${args[name]}`);
      last.set(name, Number(args[name]));
    }
  }
  const channels = Array.from({ length: result.config.dram.channels }, (_, i) => `channel${i}Bytes`);
  for (const name of ["baseRuns", "demandRuns", "stores", ...channels]) assert.is(last.get(name), 0, name);
});

for (const coreMHz of [1000, 1500]) {
  recording(`the waveform at ${coreMHz} MHz says the same as the timeline`, async () => {
    const { timeline, waves, end } = coreMHz === 1000 ? await whole : await recorded(ALL, coreMHz);
    const cycles = (ps: number) => Math.round((ps * coreMHz) / 1e6);
    const held = (name: string) => timeOf(waves.get(name) as Wave, end);
    for (const unit of ["array", "router", "vector"]) {
      const slack = (waves.get(unit)?.changes.length ?? 0) / 1000; // of rounding to picoseconds
      const found = cycles(held(unit).get(1) ?? 0);
      assert.ok(Math.abs(found - (cyclesOf(timeline, unit).get(unit) ?? 0)) <= slack, unit);
    }
    const waits = cyclesOf(timeline, "waits");
    for (const [value, cause] of CAUSES.entries()) {
      if (value === 0) continue;
      assert.ok(Math.abs(cycles(held("waits").get(value) ?? 0) - (waits.get(cause) ?? 0)) <= 2, cause);
    }
    assert.is(cycles(end), ALL.to);
  });
}

recording("a window holds what lies in it, clipped, and begins with the right levels", async () => {
  const [all, part] = [await whole, await recorded(PART)];
  const inside = (start: number, cycles: number) =>
    Math.max(0, Math.min(start + cycles, PART.to) - Math.max(start, PART.from));
  for (const thread of ["array", "router", "vector"]) {
    const { tid } = all.timeline.traceEvents.find(({ args }) => args.name === thread) ?? {};
    const spans = all.timeline.traceEvents.filter((one) => one.ph === "X" && one.tid === tid);
    const wanted = spans.reduce((sum, { args }) => sum + inside(Number(args.cycle), Number(args.cycles)), 0);
    assert.is(cyclesOf(part.timeline, thread).get(thread) ?? 0, wanted, thread);
  }
  for (const [name, { changes }] of part.waves) {
    const before = all.waves.get(name)?.changes.filter(({ time }) => time <= PART.from * 1000) ?? [];
    assert.equal(changes[0], { time: PART.from * 1000, value: before[before.length - 1].value }, name);
  }
  assert.is(part.end, PART.to * 1000);
});

recording("the bytes of a run by channel are its transactions by their address bits", () => {
  const shape = fc.record({
    address: fc.nat(100_000),
    bytes: fc.integer({ min: 1, max: 5000 }),
    bits: fc.nat(3),
    shift: fc.nat(5),
  });
  const check = ({ address, bytes, bits, shift }: { address: number; bytes: number; bits: number; shift: number }) => {
    const geometry = { channels: 2 ** bits, shift, transactionBytes: 32, sliceBufferBytes: 0 };
    const wanted = new Array<number>(geometry.channels).fill(0);
    const last = Math.ceil((address + bytes) / 32) - 1;
    for (let g = Math.floor(address / 32); g <= last; g++) wanted[(g >> shift) % geometry.channels] += 32;
    assert.equal(bytesByChannel(address, bytes, geometry), wanted);
  };
  fc.assert(fc.property(shape, check), { seed: 7, numRuns: 300 });
});

recording("mobisim run writes both files, and refuses what cannot be", () => {
  const folder = mkdtempSync(join(tmpdir(), "mobisim timeline "));
  const shim = fileURLToPath(new URL("../../../bin/mobisim.js", import.meta.url));
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [shim, "run", "--batch", "1", "--steps", "1", ...args], { encoding: "utf8" });
  const [timeline, waveform] = [join(folder, "t.json"), join(folder, "w.vcd")];
  const plain = run("--json");
  const both = run("--json", "--timeline", timeline, "--waveform", waveform, "--timeline-window", "100..5000");
  assert.is(both.stderr, `wrote ${timeline} and ${waveform}\n`);
  // How much of it was remembered says how it was simulated, and an observed run stops more often.
  const modelled = (text: string) => ({ ...(JSON.parse(text) as Result), memo: null });
  assert.equal(modelled(both.stdout), modelled(plain.stdout));
  const { otherData, traceEvents } = JSON.parse(readFileSync(timeline, "utf8")) as TraceFile;
  assert.equal([otherData.fromCycle, otherData.toCycle], [100, 5000]);
  assert.ok(traceEvents.length > 20);
  assert.ok(readVcd(readFileSync(waveform, "utf8")).waves.length === 12);
  const refused = (line: RegExp, ...args: string[]) => {
    const { status, stdout, stderr } = run(...args);
    assert.match(stderr, line);
    assert.equal([stderr.trim().split("\n").length, status, stdout], [1, 2, ""]);
  };
  refused(/^--timeline-window: allowed with --timeline, --waveform$/m, "--timeline-window", "0..5");
  refused(/^--timeline-window is 5\.\.5; allowed FROM\.\.TO in core cycles/, "--timeline-window", "5..5");
  refused(/ is a folder; allowed a file$/m, "--timeline", folder);
  refused(/^--waveform is empty; allowed a file$/m, "--waveform", "");
  assert.not(existsSync(join(folder, "5..5")));
  rmSync(folder, { recursive: true });
});

recording("a window is FROM..TO, and bounded", () => {
  assert.equal(parseWindow("0..10000000"), { from: 0, to: 10_000_000 });
  for (const text of ["", "5", "1..", "-1..5", "7..3", "0..10000001", "1.5..3"]) {
    assert.throws(() => parseWindow(text), /allowed FROM\.\.TO/);
  }
});

recording.run();
