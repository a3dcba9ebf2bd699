//
//   Everything a run reads, from names to checked objects, with the hash of every file.
//

import { join } from "node:path";
import { type Device, parseDevice } from "../dram/device.js";
import { areaOf, ISO_AREA_END, isoAreaColumns, withColumns } from "../energy/area.js";
import { type EnergyTables, energyTables } from "../energy/tables.js";
import { parseFormat } from "../formats/format.js";
import { machineSets } from "../formats/on-machine.js";
import { type Machine, parseMachine } from "../hardware/machine.js";
import type { Model } from "../model/model.js";
import type { RunRequest } from "../request.js";
import type { Result } from "../result/result.js";
import { checkTraceAgainstModel, parseTrace, type Trace } from "../trace/trace.js";
import { assetPath, labelOf, readBytes, readNamed, readText, resolveNameOrFile, sha256 } from "./files.js";
import { readModel } from "./models.js";

export interface Inputs {
  machine: Machine;
  device: Device;
  tables: EnergyTables;
  model: Model;
  trace: Trace | null;
  files: Result["inputs"];
  /** What scaling to another machine's area did. */
  isoArea?: string;
}

/** What many runs of one process read once: a file that changes meanwhile is not seen. */
export class Shelf {
  private readonly held = new Map<string, unknown>();

  /** What stands under a key; made the first time. */
  keep<T>(key: string, make: () => T): T {
    if (!this.held.has(key)) this.held.set(key, make());
    return this.held.get(key) as T;
  }
}

/** A file of the package or the user's, by name; its hash is kept. */
type Named = (kind: string, nameOrFile: string, suffix: string) => { text: string; label: string };

/** Reads and checks what a request names. Throws InputError. */
export function readInputs(request: RunRequest, shelf = new Shelf()): Inputs {
  const files: Result["inputs"] = [];
  const named = (kind: string, nameOrFile: string, suffix: string) => {
    const file = shelf.keep(`${kind}/${nameOrFile}${suffix}`, () => readNamed(kind, nameOrFile, suffix));
    if (!files.some(({ name }) => name === file.label)) files.push({ name: file.label, sha256: file.sha256 });
    return file;
  };
  const { machine, tables, isoArea } = readMachine(request, named, shelf);
  const part = named("hw-configs/dram", machine.dram.device, ".yaml");
  const device = shelf.keep(`device ${machine.dram.device}`, () => parseDevice(part.text, part.label));
  const { model, weights, files: modelFiles } = shelf.keep(`model ${request.model}`, () => readModel(request.model));
  files.push(...modelFiles);
  const { trace } = request;
  const traced =
    trace === undefined
      ? null
      : shelf.keep(`trace ${trace} of ${request.model}`, () => readTrace(trace, model, weights));
  files.push(...(traced?.files ?? []));
  return {
    machine,
    device,
    tables,
    model,
    trace: traced?.trace ?? null,
    files,
    ...(isoArea === undefined ? {} : { isoArea }),
  };
}

function readMachine(request: RunRequest, named: Named, shelf: Shelf) {
  const { text, label } = named("hw-configs", request.machine, ".yaml");
  const sets = [...formatSets(request, named), ...request.sets];
  const machine = parseMachine(text, label, sets);
  const tables = tablesOf(machine, named, shelf);
  if (request.isoArea === undefined) return { machine, tables };
  const other = named("hw-configs", request.isoArea, ".yaml");
  const limit = parseMachine(other.text, other.label);
  const area = areaOf(limit, tablesOf(limit, named, shelf));
  const { columns, activationPortBits } = withColumns(
    machine,
    isoAreaColumns(machine, tables, { name: limit.name, area }),
  ).array;
  const scaled = [`array.columns=${columns}`, `array.activationPortBits=${activationPortBits}`];
  const isoArea = `iso-area with ${limit.name}, ${ISO_AREA_END} ends: ${scaled.join(", ")}`;
  return { machine: parseMachine(text, label, [...sets, ...scaled]), tables, isoArea };
}

function tablesOf(machine: Machine, named: Named, shelf: Shelf): EnergyTables {
  const { tables, read } = shelf.keep(`energy ${JSON.stringify(machine.energy)}`, () => {
    const read: [string, string][] = [];
    const tables = energyTables(machine, (name, suffix) => {
      read.push([name, suffix]);
      return named("hw-configs/energy", name, suffix);
    });
    return { tables, read };
  });
  // Tables from the shelf are among the files of this run, too.
  for (const [name, suffix] of read) named("hw-configs/energy", name, suffix);
  return tables;
}

/** The knobs that a number format decides. */
function formatSets({ weights }: RunRequest, named: Named): string[] {
  if (weights === undefined) return [];
  const { text, label } = named("formats", weights, ".yaml");
  return machineSets(parseFormat(text, label));
}

/** The engine's binary. */
export function engineBinary(): Uint8Array {
  return readBytes(assetPath("dist", "machine.wasm"));
}

/** The binary of PE arithmetic and kernels. */
export function numericBinary(): Uint8Array {
  return readBytes(assetPath("dist", "numeric.wasm"));
}

/** A pack of traces/, or a folder; checked against the model if it is of it. */
export function readTrace(
  name: string,
  model: Model,
  weights: string | undefined,
): { trace: Trace; files: Result["inputs"] } {
  const folder = resolveNameOrFile("traces", name, "");
  const about = join(folder, "trace.json");
  const tensors = join(folder, "trace.safetensors");
  const text = readText(about);
  const bytes = readBytes(tensors);
  const trace = parseTrace(text, labelOf(about), bytes, labelOf(tensors));
  if (trace.isOf(model)) checkTraceAgainstModel(trace, model, weights);
  const files = [
    { name: labelOf(about), sha256: sha256(text) },
    { name: labelOf(tensors), sha256: sha256(bytes) },
  ];
  return { trace, files };
}
