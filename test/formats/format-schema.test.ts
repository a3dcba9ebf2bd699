//
//   What a format file may not say: one line each, with file and key.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseFormat } from "../../src/formats/format.js";
import { formatText } from "../support/formats.js";

const schema = suite("format files");

function refuses(name: string, from: string | RegExp, to: string, line: string | RegExp): void {
  const text = formatText(name);
  const changed = text.replace(from, to);
  assert.is.not(changed, text, `${name} does not say ${from}`);
  assert.throws(
    () => parseFormat(changed, "own.yaml"),
    (error: Error) => {
      assert.is(error.name, "InputError");
      assert.match(error.message, line);
      return true;
    },
  );
}

schema("unknown keys and values out of range are refused by name", () => {
  refuses("int4", "rule: symmetric", "rule: nearst", /own\.yaml:4: rule is "nearst"; allowed symmetric, zeroPoint/);
  refuses("int4", "bits: 4", "bits: 9", "own.yaml:6: codes.0.bits is 9; allowed 1..8");
  refuses("int4", "about:", "abuot:", "own.yaml:2: unknown key abuot; did you mean about?");
  refuses("int4", "block: 128", "block: row", 'own.yaml:8: scales.0.block is "row"');
});

schema("a rule takes codes of its kind", () => {
  refuses("int4", "symmetric }", "signed }", /^own\.yaml: codes are .*allowed symmetric digits with rule symmetric$/);
  refuses("uint4", "unsigned", "symmetric", "allowed unsigned digits with rule zeroPoint");
  refuses(
    "bitmod-3",
    "rule: nearest",
    "rule: absmean",
    "own.yaml: rule is absmean; allowed nearest with several codes",
  );
});

schema("slices are those of the code", () => {
  refuses("mobiquant", "[2, 2, 2, 2]", "[2, 3]", "own.yaml: slices are 2, 3; allowed up to 8 bits of 2 each");
  refuses("double-rounding", "[2, 2, 2, 2]", "[4, 2]", "own.yaml: slices are 4, 2; allowed a sum of 8");
  refuses("mobiquant", /^slices.*\n/m, "", "own.yaml: slices are missing; allowed slices with nested and rounded only");
});

schema("scales have their kinds and places", () => {
  refuses(
    "uint4",
    ", zeroPointBits: 4",
    "",
    "own.yaml: scales.0.zeroPointBits is 0; allowed above 0 with zeroPoint and nested only",
  );
  refuses(
    "int4",
    "kind: float, bits: 16",
    "kind: integer, bits: 8",
    "own.yaml: scales.0.kind is integer; allowed float, power at the last level",
  );
  refuses("int4", "bits: 16", "bits: 12", "own.yaml: scales.0.bits is 12; allowed 16, 32 with kind float");
  refuses(
    "mxfp4",
    "rule: sharedExponent",
    "rule: nearest",
    "own.yaml: scales.0.kind is power; allowed power with rule sharedExponent only",
  );
});

schema.run();
