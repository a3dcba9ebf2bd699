//
//   The files that a run writes of a window of its cycles: a timeline, a waveform.
//

import { statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { Command } from "commander";
import { InputError } from "../../basics/errors.js";
import { BYTES_PER_KIB } from "../../basics/units.js";
import { refuseUnwritable, writeAll } from "../../io/files.js";
import type { Job } from "../../job.js";
import { machineVectors } from "../../job.js";
import type { Listener } from "../../observe/reader.js";
import { type CycleWindow, DEFAULT_WINDOW, geometryOf, parseWindow, Recording } from "../../observe/recording.js";
import { timelineOf } from "../../observe/timeline.js";
import { vcdOf } from "../../observe/vcd.js";
import type { Result } from "../../result/result.js";

export interface RecordingOptions {
  timeline?: string;
  waveform?: string;
  timelineWindow?: CycleWindow;
}

export interface Recorder {
  listen(job: Job): Listener[];
  /** Writes the files; the names of those written. */
  write(result: Result): string[];
}

export function addRecordingOptions(command: Command): Command {
  const { from, to } = DEFAULT_WINDOW;
  return command
    .option("--timeline <file>", "also write what every unit did as Chrome trace events: ui.perfetto.dev opens it")
    .option("--waveform <file>", "also write the units' signals as a value change dump: GTKWave opens it")
    .option("--timeline-window <from..to>", `core cycles of both (default: ${from}..${to})`, parseWindow);
}

/** Undefined where nothing is to be recorded. Bad names are refused before any work is done. */
export function recorderOf({ timeline, waveform, timelineWindow }: RecordingOptions): Recorder | undefined {
  const files = Object.entries({ "--timeline": timeline, "--waveform": waveform });
  for (const [option, path] of files) if (path !== undefined) refuseFolder(option, path);
  if (timeline === undefined && waveform === undefined) {
    if (timelineWindow === undefined) return undefined;
    throw new InputError("--timeline-window: allowed with --timeline, --waveform");
  }
  let recording: Recording | undefined;
  const listen = ({ inputs }: Job) => {
    const bytes = inputs.machine.buffers.sliceKiB * BYTES_PER_KIB;
    recording = new Recording(timelineWindow ?? DEFAULT_WINDOW, geometryOf(machineVectors(inputs).device, bytes));
    return [recording.listener];
  };
  const write = (result: Result) => (recording === undefined ? [] : written(recording, result, { timeline, waveform }));
  return { listen, write };
}

function written(
  recording: Recording,
  result: Result,
  { timeline, waveform }: Record<"timeline" | "waveform", string | undefined>,
) {
  const { machine, model, version, cycles, config } = result;
  const { coreMHz } = config.clock;
  const files: [string, string][] = [];
  if (timeline !== undefined) {
    const file = timelineOf(recording, coreMHz, { machine, model, mobisim: version, cycles });
    files.push([timeline, `${JSON.stringify(file)}\n`]);
  }
  if (waveform !== undefined)
    files.push([waveform, vcdOf(recording, coreMHz, `mobisim ${version}: ${model} on ${machine}`)]);
  for (const [path, text] of files) writeAll(dirname(resolve(path)), { [basename(path)]: text });
  const { from, to } = recording.window;
  const empty = cycles > from ? "" : ` (empty: the run ends at cycle ${cycles}, before ${from}..${to})`;
  return files.map(([path]) => path + empty);
}

function refuseFolder(option: string, path: string): void {
  if (path === "") throw new InputError(`${option} is empty; allowed a file`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new InputError(`${option} ${path} is a folder; allowed a file`);
  }
  refuseUnwritable(option, dirname(resolve(path)), path);
}
