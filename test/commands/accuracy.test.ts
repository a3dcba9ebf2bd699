//
//   mobisim accuracy as a user meets it: the table, the JSON, and what it refuses.
//

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { AccuracyReport } from "../../src/report/accuracy-page.js";
import type { Result } from "../../src/result/result.js";
import { embeddedTrace } from "../support/pack.js";

const command = suite("mobisim accuracy");
const shim = fileURLToPath(new URL("../../../bin/mobisim.js", import.meta.url));
const QUICK = ["--tokens", "48", "--budget", "3", "--formats", "int3,mxfp4"];

function mobisim(...args: string[]) {
  const { status: code, stdout: out, stderr: err } = spawnSync(process.execPath, [shim, ...args], { encoding: "utf8" });
  return { code, out, err };
}

function table(...args: string[]): AccuracyReport {
  const { code, out, err } = mobisim("accuracy", ...args, "--json");
  assert.equal([code, err], [0, ""]);
  return JSON.parse(out);
}

command("every plan has a row; more slices are nearer to FP16; controls have the bits of their routers", () => {
  const { rows, text, arithmetic, kvBits } = table(...QUICK);
  assert.equal([text.name, text.sequences, text.tokens, arithmetic, kvBits], ["prefill2k", 1, 48, "fp16pe", 8]);
  assert.equal(
    rows.map(({ kind, config }) => `${kind} ${config}`),
    [
      "fp fp",
      "format int3",
      "format mxfp4",
      "constant k1",
      "constant k2",
      "constant k3",
      "constant k4",
      "routed b3",
      "random b3",
      "oracle b3",
    ],
  );
  const [fp, int3, mxfp4, k1, k2, k3, , routed, random, oracle] = rows;
  assert.equal([fp.kl, fp.agreement, fp.bits], [0, 1, null]);
  assert.ok(int3.kl > mxfp4.kl && mxfp4.kl > k3.kl);
  assert.equal([int3.bits, mxfp4.bits, k1.bits, fp.storedBits], [3, 4, 2, null]);
  assert.equal([int3.storedBits, mxfp4.storedBits, k1.storedBits], [3.125, 4.25, 2.25]);
  assert.ok(k1.kl > k2.kl && k2.kl > k3.kl && k3.kl > 0);
  assert.equal([random.bits, oracle.bits], [routed.bits, routed.bits]);
  assert.ok(rows.every(({ tokens }) => tokens === 47));
});

command("a folder without slices is read in formats; plans of slices are refused", () => {
  const folder = mkdtempSync(join(tmpdir(), "mobisim-"));
  try {
    const tiny = fileURLToPath(new URL("../../../models/tiny-llama/", import.meta.url));
    for (const name of ["config.json", "model.safetensors", "tokenizer.json"])
      cpSync(join(tiny, name), join(folder, name));
    const text = join(folder, "a text.txt");
    writeFileSync(text, "In the beginning of the nineteenth century the town was small.");
    const { rows } = table("--model", folder, "--text", text, "--formats", "int8", "--arithmetic", "fp32");
    assert.equal(
      rows.map(({ kind, config }) => `${kind} ${config}`),
      ["fp fp", "format int8"],
    );
    assert.ok(Math.abs(rows[1].perplexity / rows[0].perplexity - 1) < 0.02);
    const { code, err } = mobisim("accuracy", "--model", folder, "--text", text, "--plans", "constant");
    assert.equal([code, /has no slices\.safetensors; plans of slices need them\n$/.test(err)], [2, true]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

command("FP32 with an exact cache repeats what the trace recorded", () => {
  const { rows } = table("--trace", "decode16", "--sequences", "1", "--arithmetic", "fp32", "--plans", "fp,constant");
  const trace = embeddedTrace("decode16");
  for (const { config, perplexity } of rows) {
    const nll = trace.nll(config).slice(1, trace.sequenceLength);
    const recorded = Math.exp(nll.reduce((sum, one) => sum + one, 0) / nll.length);
    assert.ok(Math.abs(perplexity - recorded) < 1e-4 * recorded, `${config}: ${perplexity}, recorded ${recorded}`);
  }
});

command("a text file is read in windows of the model's positions", () => {
  const folder = mkdtempSync(join(tmpdir(), "mobisim-"));
  try {
    const file = join(folder, "a text.txt");
    writeFileSync(file, "In the beginning of the nineteenth century the town was small. ".repeat(4));
    const { text, rows, inputs } = table("--text", file, "--plans", "fp,constant", "--arithmetic", "int8");
    assert.is(rows[0].tokens, text.tokens - 1);
    assert.ok(inputs.some(({ name }) => name.endsWith("tokenizer.json")));
    assert.ok(rows[0].perplexity < rows[1].perplexity);
    writeFileSync(file, "a");
    const { code, out, err } = mobisim("accuracy", "--text", file);
    assert.equal([code, out], [2, ""]);
    assert.match(err, /a text\.txt: is 1 tokens long; allowed 2 or more\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

command("bad options are refused in one line", () => {
  for (const [args, wanted] of [
    [["--plans", "best"], /^--plans is best; allowed fp, format, constant, routed, random, oracle\n$/],
    [
      ["--budget", "7"],
      /^--budget 7: the slices of tiny-llama have no threshold for it; allowed 2\.5, 3, 3\.5, 4, 5, 6\n$/,
    ],
    [["--arithmetic", "fp64"], /^--arithmetic is fp64; allowed fp16pe, int8, fp32\n$/],
    [["--formats", "int4,,mxfp4"], /^--formats int4,,mxfp4: a name is empty; allowed a list like int4,mxfp4\n$/],
    [["--formats", "int9"], /^int9: no such file and no name in formats\/ \(.*\); did you mean int2\?\n$/],
    [
      ["--formats", "int4,int4"],
      /^--formats: .*int4\.yaml and .*int4\.yaml are both named int4; allowed a name each\n$/,
    ],
    [["--text", "a", "--trace", "b"], /^--text a and --trace b exclude each other; allowed one of them\n$/],
    [["--model", "llama-3-8b"], /^llama-3-8b: is a shape without weights; allowed tiny-llama, or a folder /],
  ] as const) {
    const { code, out, err } = mobisim("accuracy", ...args);
    assert.equal([code, out], [2, ""], err);
    assert.match(err, wanted);
  }
});

command("run measures when asked, and says so; without it the recorded figure stands", () => {
  const short = ["run", "--batch", "1", "--steps", "8", "--json"];
  const { code, out, err } = mobisim(...short, "--accuracy", "measured", "--arithmetic", "int8");
  assert.equal([code, err], [0, ""]);
  const { accuracy, inputs } = JSON.parse(out) as Result;
  assert.equal([accuracy.source, accuracy.arithmetic, accuracy.tokens], ["measured", "int8", 8]);
  assert.ok(inputs.some(({ name }) => name.endsWith("slices.safetensors")));
  const recorded = (JSON.parse(mobisim(...short).out) as Result).accuracy;
  assert.is(recorded.source, "recorded");
  assert.ok(Math.abs((accuracy.perplexity ?? 0) / (recorded.perplexity ?? 1) - 1) < 0.1);
  const coded = JSON.parse(mobisim(...short, "--weights", "int4", "--accuracy", "measured").out) as Result;
  assert.equal([coded.accuracy.source, coded.accuracy.weights, accuracy.weights], ["measured", "int4", "slices"]);
  assert.ok((coded.accuracy.kl ?? 0) > 0 && coded.accuracy.perplexity !== accuracy.perplexity);
  const whole = mobisim(...short, "--machine", "fp16", "--accuracy", "measured");
  assert.match(whole.err, /^--accuracy measured: the machine's codes are of no number format; allowed .*--weights\n$/);
  const refused = mobisim("run", "--model", "llama-3-8b", "--slices", "1", "--accuracy", "measured");
  assert.equal([refused.code, refused.out], [2, ""]);
  assert.is(refused.err, "--accuracy measured: the tokens are not known; allowed a run with a trace\n");
  assert.is(mobisim("run", "--arithmetic", "int8").err, "--arithmetic int8: allowed with --accuracy measured\n");
});

command.run();
