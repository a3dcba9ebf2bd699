//
//   Writes hw-configs/machine.schema.json, for editors, and docs/knobs.md from the rows of src/hardware/knobs.ts;
//   test/hardware/knobs.test.ts says when they are old.
//
//     npm run build:ts && node dist/src/commands/schema.js
//

import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { knobTable, machineJsonSchema } from "../hardware/machine-schema.js";
import { assetPath, writeAll } from "../io/files.js";

function writeSchema(): void {
  writeAll(assetPath("hw-configs"), { "machine.schema.json": machineJsonSchema() });
  writeAll(assetPath("docs"), { "knobs.md": knobPage() });
}

/** docs/knobs.md. */
export function knobPage(): string {
  const about = "Every key of a machine file; `--set path=value` sets one for a run. Made from src/hardware/knobs.ts.";
  return `# Knobs of a machine\n\n${about}\n\n${knobTable().trimEnd()}\n`;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) writeSchema();
