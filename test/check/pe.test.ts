//
//   mobisim check pe: the golden vectors, and vectors that were changed.
//

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkPe } from "../../src/check/pe.js";
import { linesOf } from "../../src/check/verdict.js";
import { arithmetic, BUILDS } from "../support/numeric.js";
import { sharedPath } from "../support/shared.js";

interface Golden {
  dot4: [string, string, number, number[], number][];
  group: [string, number, number[], string, [number, string], [number, string], number][];
  dequant: number[][];
}

const check = suite("check pe");
const sample = readFileSync(new URL("../../../test/golden/pe.json", import.meta.url), "utf8");
const golden = (): Golden => JSON.parse(sample);
const verdictOn = async (text: string) => checkPe(text, "pe.json", await arithmetic());
const changed = (change: (file: Golden) => void) => {
  const file = golden();
  change(file);
  return JSON.stringify(file);
};

check("every vector is exact, in both builds, the RTL as it is included", async () => {
  const { dot4, group, dequant } = golden();
  const must = dot4.length + group.length + dequant.length;
  for (const build of BUILDS) {
    const verdict = checkPe(sample, "pe.json", await arithmetic(build));
    const { checked, exact, mustBeExact, failed } = verdict;
    assert.equal([checked, exact, mustBeExact, failed], [must + 2 * group.length, checked, must, 0]);
  }
});

check("all vectors of the reference material are exact", async () => {
  const path = sharedPath("golden", "pe.json");
  if (path === null) return;
  const { exact, checked, failed } = await verdictOn(readFileSync(path, "utf8"));
  assert.ok(checked > 1000);
  assert.equal([exact, failed], [checked, 0]);
});

check("each field is compared", async () => {
  const changes: ((file: Golden) => void)[] = [
    ({ dot4 }) => dot4[3][2]++,
    ({ dot4 }) => dot4[3][3][2]++,
    ({ dot4 }) => dot4[3][4]++,
    ({ group }) => group[2][5][0]++,
    ({ group }) => {
      group[2][5][1] = group[2][5][1] === "0000" ? "0001" : "0000";
    },
    ({ dequant }) => dequant[1][4]++,
    ({ dequant }) => dequant[1][5]++,
    ({ dequant }) => {
      dequant[1][0] = 1 - dequant[1][0];
    },
  ];
  for (const change of changes) assert.ok((await verdictOn(changed(change))).failed >= 1, String(change));
});

check("the accumulator of the RTL as it is, and the dot product, are informational", async () => {
  const text = changed(({ group }) => {
    group[0][4][0]++;
    group[1][6]++;
  });
  const verdict = await verdictOn(text);
  assert.is(verdict.failed, 0);
  const [raw, exact, last] = linesOf(verdict);
  assert.match(raw, /^group 0 int8 raw: exponent \d+, want \d+ \(informational\)$/);
  assert.match(exact, /^group 1 \w+ exact: dot [-\d.]+, want [-\d.]+ \(informational\)$/);
  assert.match(last, `checked ${verdict.checked} exact ${verdict.checked - 2} `);
});

check("what is no file of vectors is one line", async () => {
  const refuses = async (change: (file: Golden) => void, line: RegExp | string) => {
    try {
      await verdictOn(changed(change));
    } catch (error) {
      assert.is((error as Error).name, "InputError");
      assert.match((error as Error).message, line);
      return;
    }
    assert.unreachable(String(line));
  };
  await refuses(({ dot4 }) => {
    dot4[1][0] = "12";
  }, 'pe.json: dot4.1.0 is "12"; allowed 16 hex digits in lower case');
  await refuses(({ dot4 }) => {
    dot4[1][1] = "041021001021";
  }, "dot4.1.1 is");
  await refuses(({ dot4 }) => dot4[0][3].pop(), "dot4.0.3");
  await refuses(
    ({ group }) => group[0][2].pop(),
    "pe.json: group.0 has 127 weights and 128 activations; allowed one for each",
  );
  await refuses(({ group }) => {
    group[0][2][5] = 200;
  }, "pe.json: group.0 has weights without 4 terms of int8; allowed those that have");
  await refuses(({ dequant }) => {
    dequant[4][3] = 256;
  }, "pe.json: dequant.4.3 is 256; allowed 0..255");
});

check.run();
