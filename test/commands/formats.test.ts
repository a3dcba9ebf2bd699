//
//   mobisim formats from the outside.
//

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { FormatsReport } from "../../src/report/formats-page.js";
import { SHIPPED } from "../support/formats.js";

const command = suite("mobisim formats");
const shim = join(fileURLToPath(new URL("../../..", import.meta.url)), "bin/mobisim.js");

function mobisim(...args: string[]) {
  return spawnSync(process.execPath, [shim, "formats", ...args], { encoding: "utf8" });
}

command("lists every format with what it costs", () => {
  const { status, stdout, stderr } = mobisim();
  assert.is(status, 0);
  assert.is(stderr, "");
  for (const { name } of SHIPPED) assert.match(stdout, new RegExp(`^  ${name} +[\\d.]+ `, "m"));
  assert.match(stdout, /^ {2}mobiquant +8 +1 +0\.75 +4\.00 +8\.250 +2\/4\/6\/8$/m);
  assert.match(stdout, /^ {2}double-rounding +8 +4 +2\.78 +0\.25 +8\.016 +3\/5\/7\/8$/m);
});

command("one format in full, in a matrix of a shape", () => {
  const { stdout } = mobisim("bitmod-4", "--shape", "128x200");
  assert.match(stdout, "Number formats in a matrix of 128 x 200 weights");
  assert.match(stdout, /^ {2}selector +2 bits a group$/m);
  assert.match(stdout, "integer of 8 bits for each 128; float of 16 bits for each channel");
  assert.match(stdout, "codes 12800, padding 3584, scales 512, selectors 64, total 16960");
});

command("--json is one document", () => {
  const { status, stdout, stderr } = mobisim("mobiquant", "--json");
  assert.is(status, 0);
  assert.is(stderr, "");
  const { rows, columns, formats }: FormatsReport = JSON.parse(stdout);
  assert.equal([rows, columns, formats.length], [4096, 4096, 1]);
  const [{ depths, prefixIsLower, terms, sha256 }] = formats;
  assert.is(prefixIsLower, true);
  assert.is(terms.max, 1);
  assert.match(sha256, /^[0-9a-f]{64}$/);
  assert.equal(
    depths.map((depth) => [depth.fetchedBits, depth.terms, depth.bitsPerWeight]),
    [
      [2, 1, 2.25],
      [4, 2, 4.25],
      [6, 3, 6.25],
      [8, 4, 8.25],
    ],
  );
});

command("bad input is one line and exit code 2", () => {
  const refuses = (args: string[], line: RegExp | string) => {
    const { status, stdout, stderr } = mobisim(...args);
    assert.is(status, 2);
    assert.is(stdout, "");
    assert.is(stderr.trimEnd().split("\n").length, 1);
    assert.match(stderr, line);
  };
  refuses(["mobiquat"], "mobiquat: no such file and no name in formats/");
  refuses(["int4", "--shape", "0x5"], "--shape is 0x5; allowed ROWSxCOLUMNS, each 1..1048576");
});

command.run();
