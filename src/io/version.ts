//
//   The version of this package, from the one place that states it.
//

import { assetPath, readText } from "./files.js";

/** The version in package.json, as `--version` and every result carry it. */
export function packageVersion(): string {
  return (JSON.parse(readText(assetPath("package.json"))) as { version: string }).version;
}
