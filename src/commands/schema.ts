//
//   Writes hw-configs/machine.schema.json from the rows of src/knobs.ts, for editors; test/knobs.test.ts says when it is old.
//
//     npm run build:ts && node dist/src/commands/schema.js
//

import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { assetPath, writeAll } from "../io/files.js";
import { machineJsonSchema } from "../knobs.js";

export function writeSchema(): void {
  writeAll(assetPath("hw-configs"), { "machine.schema.json": machineJsonSchema() });
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) writeSchema();
