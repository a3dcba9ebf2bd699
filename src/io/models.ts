//
//   A model by its name: a folder with a config.json, or an entry of models/shapes.json.
//
//     NAME ──► a folder with a config.json where it stands? in models/? ──► it (and the hash of weights beside it)
//          └─► an entry of the table ─────────────────────────────────────► its config
//

import { basename, dirname, join } from "node:path";
import { InputError, nearest } from "../basics/errors.js";
import { parseModel } from "../model/config.js";
import type { Model } from "../model/model.js";
import { ModelTable } from "../model/table.js";
import {
  assetNames,
  assetPath,
  fileExists,
  fileSha256,
  findNamed,
  labelOf,
  missing,
  readText,
  sha256,
} from "./files.js";

interface ReadModel {
  model: Model;
  /** What was read, with hashes. */
  files: { name: string; sha256: string }[];
  /** sha256 of the weights, where there are any. */
  weights?: string;
}

const TABLE = assetPath("models", "shapes.json");

export function modelTable(): ModelTable {
  return ModelTable.parse(readText(TABLE), labelOf(TABLE));
}

/** Names of models that come with the package as folders. */
export function modelFolders(): string[] {
  return assetNames("models", "");
}

export function readModel(name: string): ReadModel {
  const folder = findNamed("models", name, "");
  if (folder !== undefined) return readFolder(folder);
  const table = modelTable();
  const model = table.model(name);
  if (model === undefined) throw unknownModel(name, [...modelFolders(), ...table.names]);
  return { model, files: [{ name: labelOf(TABLE), sha256: sha256(readText(TABLE)) }] };
}

function readFolder(folder: string): ReadModel {
  const config = join(folder, "config.json");
  refuseOther(folder, config);
  const text = readText(config);
  const files = [{ name: labelOf(config), sha256: sha256(text) }];
  const model = parseModel(text, labelOf(config), basename(folder));
  const weights = join(folder, "model.safetensors");
  if (!fileExists(weights)) return { model, files };
  const hash = fileSha256(weights);
  return { model, files: [...files, { name: labelOf(weights), sha256: hash }], weights: hash };
}

/** The file where the folder is meant; a repository's name, which looks like a path, where its shape is meant. */
function refuseOther(path: string, config: string): void {
  if (fileExists(config)) return;
  if (basename(path) === "config.json" && fileExists(path))
    throw new InputError(`${path}: is a file; allowed the folder that holds it: ${dirname(path)}`);
  const name = modelTable().nameOfRepository(path);
  if (name !== undefined) throw new InputError(`${path}: no such folder; did you mean ${name}?`);
}

function unknownModel(name: string, names: readonly string[]): InputError {
  const near = nearest(name, names) ?? names.find((one) => name !== "" && one.startsWith(name.toLowerCase()));
  const guess = near === undefined ? "mobisim models lists the names" : `did you mean ${near}?`;
  return new InputError(`${missing("models", name)} and no model of that name; ${guess}`);
}
