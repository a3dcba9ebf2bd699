//
//   The scripts that draw charts in a page, as they come with their packages.
//

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readText } from "./files.js";

/** Vega and Vega-Lite, in the order in which a page loads them. */
export function chartLibraries(): string[] {
  return ["vega", "vega-lite"].map((name) =>
    readText(join(buildFolder(name), `${name}.min.js`)).replace(SOURCE_MAP, ""),
  );
}

/** A page has no source maps, and must not ask for them. */
const SOURCE_MAP = /\n?\/\/# sourceMappingURL=\S+\s*$/;

/** The folder of a package's entry: both keep their scripts for pages beside it. */
function buildFolder(name: string): string {
  return dirname(createRequire(import.meta.url).resolve(name));
}
