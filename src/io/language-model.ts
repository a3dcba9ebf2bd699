//
//   A model's folder, read and checked: config.json, model.safetensors or its shards, slices.safetensors, tokenizer.json.
//

import { basename, join } from "node:path";
import { InputError } from "../basics/errors.js";
import { openSafetensors } from "../basics/safetensors.js";
import type { LanguageModel } from "../infer/language-model.js";
import { parseConstants } from "../infer/rope.js";
import { parseThresholds, readSlices } from "../infer/slices.js";
import { parseTokenizer, type Tokenizer } from "../infer/tokenizer.js";
import { Checkpoint, parseShardIndex } from "../infer/weights.js";
import { parseModel } from "../model/config.js";
import type { Model } from "../model/model.js";
import { compileBinary } from "../wasm/instance.js";
import { Kernels } from "../wasm/kernels.js";
import { loadNumeric } from "../wasm/numeric.js";
import {
  assetPath,
  byteSource,
  fileExists,
  fileSha256,
  findNamed,
  labelOf,
  readBytes,
  readText,
  resolveNameOrFile,
  sha256,
} from "./files.js";
import { modelFolders, modelTable } from "./models.js";

export interface ModelFolder extends LanguageModel {
  readonly folder: string;
  readonly files: { name: string; sha256: string }[];
  /** Of the weights, or their first shard. */
  readonly weightsSha256: string;
}

const WEIGHTS = "model.safetensors";
const SLICES = "slices.safetensors";

/** Whether a model's folder holds weights, and slices if they are wanted, so that it can run. */
export function canRun(nameOrFolder: string, sliced = true): boolean {
  const folder = findNamed("models", nameOrFolder, "");
  if (folder === undefined) return false;
  const has = (name: string) => fileExists(join(folder, name));
  return (has(WEIGHTS) || has(`${WEIGHTS}.index.json`)) && (!sliced || has(SLICES));
}

/** Reads a model of models/, or a folder. */
export function readLanguageModel(nameOrFolder: string): ModelFolder {
  refuseShape(nameOrFolder);
  const folder = resolveNameOrFile("models", nameOrFolder, "");
  const files: ModelFolder["files"] = [];
  const text = (name: string) => {
    const content = readText(join(folder, name));
    files.push({ name: labelOf(join(folder, name)), sha256: sha256(content) });
    return content;
  };
  const tensors = (name: string) => {
    const path = join(folder, name);
    const opened = openSafetensors(byteSource(path), labelOf(path));
    files.push({ name: labelOf(path), sha256: fileSha256(path) });
    return opened;
  };
  const config = text("config.json");
  const label = labelOf(join(folder, "config.json"));
  const model = parseModel(config, label, basename(folder));
  refuseOtherFamilies(model, label);
  const constants = parseConstants(config, label, model.headDim);
  const shards = shardsOf(folder, text);
  const checkpoint = new Checkpoint(labelOf(join(folder, shards[0])), shards.map(tensors));
  const weightsSha256 = sha256Of(files, labelOf(join(folder, shards[0])));
  const common = { folder, files, model, constants, checkpoint, weightsSha256 };
  if (!fileExists(join(folder, SLICES))) return { ...common, slices: null, thresholds: new Map() };
  const sliced = tensors(SLICES);
  const name = labelOf(join(folder, SLICES));
  const slices = readSlices(new Checkpoint(name, [sliced]), model);
  return { ...common, slices, thresholds: parseThresholds(sliced.metadata, name) };
}

/** A name of the table has sizes, and nothing that could run. */
function refuseShape(name: string): void {
  if (findNamed("models", name, "") !== undefined || modelTable().entry(name) === undefined) return;
  const allowed = `${modelFolders().join(", ")}, or a folder with config.json and ${WEIGHTS}`;
  throw new InputError(`${name}: is a shape without weights; allowed ${allowed}`);
}

/** The tokenizer of a model's folder. */
export function readTokenizer({ folder, model, files }: ModelFolder): Promise<Tokenizer> {
  const path = join(folder, "tokenizer.json");
  const text = readText(path);
  files.push({ name: labelOf(path), sha256: sha256(text) });
  return parseTokenizer(text, labelOf(path), model);
}

/** An instance of the kernels with a memory of its own. */
export async function openKernels(): Promise<Kernels> {
  return new Kernels(await loadNumeric(await compileBinary(readBytes(assetPath("dist", "numeric.wasm")))));
}

function sha256Of(files: ModelFolder["files"], label: string): string {
  return files.find(({ name }) => name === label)?.sha256 ?? "";
}

/** Other families have shapes here, and no arithmetic. */
function refuseOtherFamilies({ family, linears, mlp, windows }: Model, label: string): void {
  const biased = linears.find(({ bias }) => bias);
  if (family !== "LLaMA")
    throw new InputError(`${label}: the family is ${family}; allowed LLaMA where weights are run`);
  if (biased !== undefined)
    throw new InputError(`${label}: ${biased.name} has a bias; allowed none where weights are run`);
  if (windows.some((window) => window !== null))
    throw new InputError(`${label}: sliding_window is given; allowed none where weights are run`);
  if (mlp.activation !== "silu")
    throw new InputError(`${label}: hidden_act is ${mlp.activation}; allowed silu where weights are run`);
}

function shardsOf(folder: string, text: (name: string) => string): string[] {
  const index = `${WEIGHTS}.index.json`;
  if (fileExists(join(folder, WEIGHTS))) return [WEIGHTS];
  if (fileExists(join(folder, index))) {
    return [...new Set(parseShardIndex(text(index), labelOf(join(folder, index))).values())].sort();
  }
  throw new InputError(`${labelOf(folder)}: has no weights; allowed ${WEIGHTS}, or ${index} with its shards`);
}
