//
//   Goldens: expected texts in test/golden. A golden that is missing fails; one that differs fails and leaves
//   `<name>-changed` beside it; only UPDATE_GOLDEN=1 writes one.
//

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";

/** Compares `text` with test/golden/`name`. */
export function matchesGolden(name: string, text: string): void {
  const path = fileURLToPath(new URL(`../../../test/golden/${name}`, import.meta.url));
  const changed = `${path}-changed`;
  if (process.env.UPDATE_GOLDEN === "1") write(path, text);
  const expected = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  if (expected === text) {
    rmSync(changed, { force: true });
    return;
  }
  write(changed, text);
  const hint = `see test/golden/${name}-changed; if it is right, run the test with UPDATE_GOLDEN=1`;
  assert.fixture(text, expected ?? "", expected === undefined ? `there is no golden ${name}: ${hint}` : hint);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
