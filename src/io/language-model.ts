//
//   A model's folder, read and checked: config.json, model.safetensors or its shards, slices.safetensors, tokenizer.json.
//

import { basename, join } from "node:path";
import { InputError } from "../errors.js";
import type { LanguageModel } from "../infer/language-model.js";
import { parseConstants } from "../infer/rope.js";
import { readSlices } from "../infer/slices.js";
import { Checkpoint, parseShardIndex } from "../infer/weights.js";
import type { Model } from "../model.js";
import { parseModel } from "../model-config.js";
import { parseSafetensors } from "../safetensors.js";
import { fileExists, findNamed, labelOf, readBytes, readText, resolveNameOrFile, sha256 } from "./files.js";

export interface ModelFolder extends LanguageModel {
  readonly folder: string;
  readonly files: { name: string; sha256: string }[];
}

const WEIGHTS = "model.safetensors";

/** Whether a model's folder holds weights and slices, so that it can run. */
export function canRun(nameOrFolder: string): boolean {
  const folder = findNamed("models", nameOrFolder, "");
  if (folder === undefined) return false;
  const has = (name: string) => fileExists(join(folder, name));
  return (has(WEIGHTS) || has(`${WEIGHTS}.index.json`)) && has("slices.safetensors");
}

/** Reads a model of models/, or a folder. */
export function readLanguageModel(nameOrFolder: string): ModelFolder {
  const folder = resolveNameOrFile("models", nameOrFolder, "");
  const files: ModelFolder["files"] = [];
  const text = (name: string) => {
    const content = readText(join(folder, name));
    files.push({ name: labelOf(join(folder, name)), sha256: sha256(content) });
    return content;
  };
  const tensors = (name: string) => {
    const bytes = readBytes(join(folder, name));
    files.push({ name: labelOf(join(folder, name)), sha256: sha256(bytes) });
    return parseSafetensors(bytes, labelOf(join(folder, name)));
  };
  const config = text("config.json");
  const label = labelOf(join(folder, "config.json"));
  const model = parseModel(config, label, basename(folder));
  refuseOtherFamilies(model, label);
  const constants = parseConstants(config, label, model.headDim);
  const shards = shardsOf(folder, text);
  const checkpoint = new Checkpoint(labelOf(join(folder, shards[0])), shards.map(tensors));
  const sliced = fileExists(join(folder, "slices.safetensors"));
  const slices = sliced
    ? readSlices(new Checkpoint(labelOf(join(folder, "slices.safetensors")), [tensors("slices.safetensors")]), model)
    : null;
  return { folder, files, model, constants, checkpoint, slices };
}

/** Other families have shapes here, and no arithmetic. */
function refuseOtherFamilies({ family, linears, mlp }: Model, label: string): void {
  const biased = linears.find(({ bias }) => bias);
  if (family !== "LLaMA")
    throw new InputError(`${label}: the family is ${family}; allowed LLaMA where weights are run`);
  if (biased !== undefined)
    throw new InputError(`${label}: ${biased.name} has a bias; allowed none where weights are run`);
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
