//
//   The folder of reference material beside a checkout, for the tests that compare with more than the repository holds.
//   A clone without it skips those tests, with one clear line.
//
//     MOBISIM_SHARED=DIR   the folder, when it is not ../shared; empty: pretend that there is none
//

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = process.env.MOBISIM_SHARED ?? fileURLToPath(new URL("../../../../shared", import.meta.url));

/** A file or folder of the reference material; null, and a line that says so, when it is not here. */
export function sharedPath(...parts: string[]): string | null {
  const path = folder === "" ? "" : join(folder, ...parts);
  if (path !== "" && existsSync(path)) return path;
  process.stderr.write(`skipped: needs ${["../shared", ...parts].join("/")} (or MOBISIM_SHARED), which is not here\n`);
  return null;
}
