//
//   What a file in formats/ may say.
//

import { z } from "zod";
import { InputError } from "../basics/errors.js";
import { parseWithSchema } from "../basics/yaml.js";

const text = z.string().min(1);
const bits = z.int().min(1).max(16);

const digits = z.strictObject({
  kind: z.literal("digits"),
  bits: z.int().min(1).max(8),
  range: z.enum(["symmetric", "signed", "unsigned", "centred"]),
});
const minifloat = z.strictObject({
  kind: z.literal("minifloat"),
  exponentBits: z.int().min(1).max(4),
  mantissaBits: z.int().min(0).max(3),
  reserved: z.int().min(0).max(8).optional(),
});
const codebook = z.strictObject({
  kind: z.literal("codebook"),
  values: z.array(z.int().min(-255).max(255)).min(2).max(256),
  bits: z.number().min(1).max(8).optional(),
});
const planes = z.strictObject({
  kind: z.literal("planes"),
  alphabet: z.enum(["binary", "sign"]),
  weights: z.array(z.int().min(1).max(128)).min(1).max(8),
});
const pow2 = z.strictObject({ kind: z.literal("pow2"), bits: z.int().min(2).max(4) });

const level = z.strictObject({
  block: z.union([z.int().min(8).max(4096), z.enum(["channel", "tensor"])]),
  kind: z.enum(["float", "integer", "minifloat", "power"]),
  bits: z.int().min(4).max(32),
  zeroPointBits: z.int().min(0).max(16).default(0),
});

/** How weights become codes; each is a rule of src/formats/. */
export const RULES = ["symmetric", "zeroPoint", "nearest", "absmean", "sharedExponent", "nested", "rounded"] as const;

const formatSchema = z.strictObject({
  name: text,
  about: text,
  source: text,
  rule: z.enum(RULES),
  codes: z
    .array(z.discriminatedUnion("kind", [digits, minifloat, codebook, planes, pow2]))
    .min(1)
    .max(8),
  scales: z.array(level).min(1).max(3),
  slices: z.array(bits).min(1).max(8).optional(),
});

type FormatFile = z.output<typeof formatSchema>;

/** Rules that need codes of one kind. */
const KIND_OF_RULE: Partial<Record<FormatFile["rule"], { kind: string; range: string }>> = {
  symmetric: { kind: "digits", range: "symmetric" },
  zeroPoint: { kind: "digits", range: "unsigned" },
  nested: { kind: "digits", range: "centred" },
  rounded: { kind: "digits", range: "symmetric" },
};

export function parseFormatFile(source: string, fileName: string): FormatFile {
  const file = parseWithSchema(source, fileName, formatSchema);
  const refuse = (found: string, allowed: string) => {
    throw new InputError(`${fileName}: ${found}; allowed ${allowed}`);
  };
  const wanted = KIND_OF_RULE[file.rule];
  const [code] = file.codes;
  if (wanted !== undefined && (code.kind !== wanted.kind || !("range" in code) || code.range !== wanted.range)) {
    refuse(`codes are ${JSON.stringify(code)}`, `${wanted.range} ${wanted.kind} with rule ${file.rule}`);
  }
  if (file.codes.length > 1 && file.rule !== "nearest") refuse(`rule is ${file.rule}`, "nearest with several codes");
  if ((file.rule === "nested" || file.rule === "rounded") !== (file.slices !== undefined)) {
    refuse(`slices ${file.slices === undefined ? "are missing" : "are given"}`, "slices with nested and rounded only");
  }
  const zeroPoints = file.rule === "zeroPoint" || file.rule === "nested";
  if (file.scales[0].zeroPointBits > 0 !== zeroPoints) {
    refuse(`scales.0.zeroPointBits is ${file.scales[0].zeroPointBits}`, "above 0 with zeroPoint and nested only");
  }
  refuseScales(file, refuse);
  refuseSlices(file, refuse);
  return file;
}

/** What is relative needs a level to be relative to; a real scale and an exponent have their sizes. */
function refuseScales({ scales, rule }: FormatFile, refuse: (found: string, allowed: string) => void): void {
  const BITS = { float: [16, 32], integer: [4, 5, 6, 7, 8], minifloat: [8], power: [8] };
  for (const [i, { kind, bits }] of scales.entries()) {
    if (!BITS[kind].includes(bits)) refuse(`scales.${i}.bits is ${bits}`, `${BITS[kind].join(", ")} with kind ${kind}`);
    const relative = kind === "integer" || kind === "minifloat";
    const last = i === scales.length - 1;
    if (relative === last)
      refuse(`scales.${i}.kind is ${kind}`, last ? "float, power at the last level" : "integer, minifloat before it");
  }
  if ((rule === "sharedExponent") !== (scales[0].kind === "power")) {
    refuse(`scales.0.kind is ${scales[0].kind}`, "power with rule sharedExponent only");
  }
}

/** Slices add up to what the code is; those of a stack of residuals are all digits of one size. */
function refuseSlices(
  { slices = [], rule, codes }: FormatFile,
  refuse: (found: string, allowed: string) => void,
): void {
  const [code] = codes;
  if (code.kind !== "digits" || slices.length === 0) return;
  const sum = slices.reduce((a, b) => a + b, 0);
  const fits = rule === "nested" ? slices.every((one) => one === code.bits) && sum <= 8 : sum === code.bits;
  if (!fits)
    refuse(
      `slices are ${slices.join(", ")}`,
      rule === "nested" ? `up to 8 bits of ${code.bits} each` : `a sum of ${code.bits}`,
    );
}
