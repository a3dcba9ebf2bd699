//
//   Runs test files in one process, one after the other, until a test fails: exit code 0 says that all of them passed.
//
//     node dist/test/mutation/judge.js SUITE ...       every suite is said to the parent when it begins
//
//   A failing law is not shrunk, and what follows a failing test is not run: that it fails is all that is asked. uvu goes on
//   until the end of a file, so its marks are read as they are written.

import { writeSync } from "node:fs";
import fc from "fast-check";

interface Uvu {
  UVU_DEFER: number;
  UVU_INDEX: number;
  UVU_QUEUE: unknown[][];
}

const [PASSED, FAILED] = ["• ", "✘ "];
const write = process.stdout.write.bind(process.stdout);
let passed = 0;

process.stdout.write = (chunk: Uint8Array | string) => {
  if (chunk === PASSED) passed++;
  if (chunk !== FAILED) return write(chunk);
  writeSync(1, `test ${passed + 1} failed\n`);
  return process.exit(1);
};

fc.configureGlobal({ endOnFailure: true });
const uvu = globalThis as unknown as Uvu;
uvu.UVU_DEFER = 1;
uvu.UVU_INDEX = 0;
const { exec } = await import("uvu");

for (const suite of process.argv.slice(2)) {
  process.send?.(suite);
  passed = 0;
  uvu.UVU_QUEUE.splice(0, uvu.UVU_QUEUE.length, [null]);
  await import(new URL(`../${suite}.test.js`, import.meta.url).href);
  await exec(true);
}
process.exit(0);
