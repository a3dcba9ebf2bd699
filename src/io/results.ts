//
//   A result by its path: what run --json printed, or the folder that run --out wrote.
//

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "../result/result.js";
import { parseResult } from "../result/result-file.js";
import { readText } from "./files.js";
import { packageVersion } from "./version.js";

export function readResult(path: string): Result {
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  const file = isFolder ? join(path, "result.json") : path;
  return parseResult(readText(file), file, packageVersion());
}
