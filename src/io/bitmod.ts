//
//   The published comparison of hw-configs/formula/, with the shapes of its models.
//

import { type Comparison, parseComparison } from "../bitmod/data-file.js";
import type { Result } from "../result/result.js";
import { readNamed } from "./files.js";
import { readModel } from "./models.js";

/** Reads it; `files` are what was read, with their hashes. */
export function readComparison(): { comparison: Comparison; files: Result["inputs"] } {
  const { text, label, sha256 } = readNamed("hw-configs/formula", "bitmod", ".yaml");
  const files = new Map([[label, { name: label, sha256 }]]);
  const comparison = parseComparison(text, label, (name) => {
    const { model, files: read } = readModel(name);
    for (const file of read) files.set(file.name, file);
    return model;
  });
  return { comparison, files: [...files.values()] };
}
