//
//   mobisim check bitmod: golden rows of the artifact are exact, and whatever is changed in a file is found.
//

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkBitmod } from "../../src/check/bitmod.js";
import { linesOf } from "../../src/check/verdict.js";
import { refusal } from "../support/refusal.js";
import { sharedPath } from "../support/shared.js";

type Values = Record<string, unknown>;

interface Golden extends Values {
  config: Record<string, Values> & { cacti: Values[] };
  model_shapes: Record<string, { config: Values; linear: Record<string, { shape_out_in: number[]; count: number }> }>;
  paper_rows: Values[];
  head_rows: Values[];
  head_layer_detail: Record<string, Record<string, Values>>;
}

const test = suite("mobisim check bitmod");
const project = fileURLToPath(new URL("../../..", import.meta.url));
const goldenPath = join(project, "test/golden/bitmod.json");
const text = readFileSync(goldenPath, "utf8");
const folder = mkdtempSync(join(tmpdir(), "mobisim bitmod "));

test.after(() => rmSync(folder, { recursive: true }));

function mobisim(...args: string[]) {
  return spawnSync(process.execPath, [join(project, "bin/mobisim.js"), "check", "bitmod", ...args], {
    encoding: "utf8",
  });
}

/** The golden file, changed. */
function changed(change: (golden: Golden) => void): string {
  const golden: Golden = JSON.parse(text);
  change(golden);
  return JSON.stringify(golden);
}

/** What a changed file differs in: `row: field`. */
function found(change: (golden: Golden) => void): string[] {
  const { rows, failed } = checkBitmod(changed(change), "f");
  const differing = rows.filter(({ exact }) => !exact);
  assert.is(failed, differing.length);
  return differing.map(({ row, differences }) => `${row}: ${differences.map(({ field }) => field).join(" ")}`);
}

function refuses(change: (golden: Golden) => void, line: string | RegExp): void {
  const message = refusal(() => checkBitmod(changed(change), "f.json"));
  assert.match(message, line);
  assert.match(message, /^f\.json: /);
  assert.not.match(message, "\n");
}

test("every row is exact", () => {
  const { status, stdout, stderr } = mobisim(goldenPath);
  const place = "(head opt-1.3b discriminative fp16 b1 c256, total_cycles)";
  assert.is(stdout, `checked 64 exact 64 mustBeExact 64 failed 0 worst 0.000% ${place}\n`);
  assert.is(stderr, "");
  assert.is(status, 0);
});

test("every row of the reference material is exact", () => {
  const path = sharedPath("golden", "bitmod.json");
  if (path === null) return;
  const shared = readFileSync(path, "utf8");
  const { head_rows, paper_rows, head_layer_detail } = JSON.parse(shared) as Golden;
  const { checked, failed, notChecked } = checkBitmod(shared, "f");
  assert.is(checked, head_rows.length + paper_rows.length + Object.keys(head_layer_detail).length);
  assert.is(failed, 0);
  assert.equal(notChecked, []);
});

test("every figure of a row counts", () => {
  const golden: Golden = JSON.parse(text);
  const isFigure = ([, value]: [string, unknown]) => typeof value === "number";
  for (const kind of ["head_rows", "paper_rows"] as const) {
    const figures = Object.entries(golden[kind][7]).filter(isFigure);
    for (const [field, value] of figures) {
      if (["batch", "ctx", "published_onchip_uJ", "published_total_uJ"].includes(field)) continue;
      const more = field.endsWith("_uJ") && kind === "head_rows" ? Number(value) * (1 + 2e-9) : Number(value) + 1;
      const lines = found((one) => {
        one[kind][7][field] = more;
      });
      assert.is(lines.length, 1, field);
      assert.ok(lines[0].endsWith(`: ${field}`), `${field}: ${lines[0]}`);
    }
  }
  const detail = Object.values(golden.head_layer_detail)[0];
  for (const field of Object.keys(detail.lm_head)) {
    const lines = found(({ head_layer_detail }) => {
      const layer = Object.values(head_layer_detail)[0].lm_head;
      layer[field] = Array.isArray(layer[field])
        ? layer[field].map((value: number) => value + 1)
        : Number(layer[field]) + 1;
    });
    assert.equal(lines, [`detail llama-2-7b discriminative fp16 b1 c256: lm_head.${field}`]);
  }
});

test("everything comes from the file: its machines, platform and models", () => {
  const exactRows = (change: (golden: Golden) => void) =>
    checkBitmod(changed(change), "f")
      .rows.filter(({ exact }) => exact)
      .map(({ row }) => row);
  const each = <T>(values: Record<string, T> | T[], change: (value: T) => void) =>
    Object.values(values).forEach(change);
  const changes: ((golden: Golden) => void)[] = [
    ({ config }) => void Object.assign(config, { pr_scaling: 1.6 }),
    ({ config }) => void Object.assign(config.dram, { bits_per_cycle: 128, energy_pJ_per_128bit: 2000 }),
    ({ config }) => void Object.assign(config, { sram_min_write_bits: 5000 }),
    ({ config }) => each(config.cacti, (port) => void Object.assign(port, { read_pJ: 1 })),
    ({ model_shapes }) => each(model_shapes, ({ linear }) => void Object.assign(linear.lm_head, { count: 2 })),
    ({ model_shapes }) => each(model_shapes, ({ config }) => void Object.assign(config, { num_hidden_layers: 1 })),
  ];
  for (const change of changes)
    assert.is(exactRows(change).filter((row) => !row.startsWith("detail")).length, 0, String(change));
  const bigBuffers = exactRows(({ config }) => Object.assign(config, { w_sram_bytes: 2 ** 30 }));
  assert.is(bigBuffers.filter((row) => row.includes("discriminative")).length, 0);
  assert.ok(bigBuffers.includes("head llama-2-7b generative fp16 b1 c256"));
});

test("a machine of another name, a model of another name, heads that share nothing", () => {
  const lines = found((golden) => {
    golden.config.mine = golden.config.fp16;
    golden.model_shapes["my-opt"] = golden.model_shapes["opt-1.3b"];
    Object.assign(golden.model_shapes["my-opt"].config, { num_key_value_heads: null });
    const own = { model: "my-opt", accel: "mine" };
    golden.head_rows = golden.head_rows.filter(({ model, accel }) => model === "opt-1.3b" && accel === "fp16");
    golden.head_rows = golden.head_rows.map((row) => ({ ...row, ...own }));
    golden.paper_rows = golden.paper_rows.slice(0, 1).map((row) => ({ ...row, ...own }));
  });
  assert.equal(lines, []);
});

test("a product that is missing or strange is a difference", () => {
  const key = "llama-2-7b|generative|fp16|b1|c256";
  const lines = found(({ head_layer_detail: { [key]: layers } }) => {
    layers.lm_tail = layers.lm_head;
    delete layers.lm_head;
    delete layers["model.layers.*.self_attn.attn_qk"];
  });
  assert.equal(lines, ["detail llama-2-7b generative fp16 b1 c256: lm_tail products"]);
});

test("published energies may be rounded or truncated; another figure is listed and fails nothing", () => {
  const verdict = checkBitmod(
    changed(({ paper_rows: [row] }) => {
      row.published_onchip_uJ = 656668; // 656667.6: rounded; the file has it truncated
      row.published_total_uJ = 2549500;
    }),
    "f",
  );
  assert.is(verdict.failed, 0);
  assert.match(
    linesOf(verdict)[0],
    /^paper opt-1\.3b discriminative fp16 b1 c256: not checked, published_total_uJ is 2549500, which 2549498\.8/,
  );
});

test("the verdict as text and JSON, and its exit code", () => {
  const path = join(folder, "golden.json");
  writeFileSync(
    path,
    changed(({ head_rows }) => {
      head_rows[0].tiles = Number(head_rows[0].tiles) * 2;
    }),
  );
  const row = "head opt-1.3b discriminative fp16 b1 c256";
  const difference = { field: "tiles", got: 459278336, want: 918556672 };
  const { status, stdout } = mobisim(path);
  const summary = `checked 64 exact 63 mustBeExact 64 failed 1 worst 50.000% (${row}, tiles)`;
  assert.is(stdout, `${row}: tiles 459278336, want 918556672\n${summary}\n`);
  assert.is(status, 1);
  const { rows, worst, ...rest } = JSON.parse(mobisim(path, "--json").stdout);
  assert.equal(rest, {
    kind: "bitmod",
    file: path,
    checked: 64,
    exact: 63,
    mustBeExact: 64,
    failed: 1,
    notChecked: [],
  });
  assert.equal(worst, { row, ...difference, relative: 0.5 });
  assert.equal(rows[0], { row, exact: false, mustBeExact: true, differences: [difference] });
});

test("a file that is wrong is one line", () => {
  refuses((golden) => delete (golden as Values).config, "config is missing");
  refuses((golden) => delete (golden as Values).head_rows, "head_rows is missing");
  refuses(({ config }) => delete (config as Values).cacti, "config.cacti is missing; allowed a list");
  refuses(
    ({ config }) => delete config.ant.pe_dp_size,
    "config.ant.pe_dp_size is missing; allowed an integer of 1 or more",
  );
  refuses(({ config }) => Object.assign(config.ant, { pe_array_gen: [64] }), "config.ant.pe_array_gen");
  refuses(
    ({ head_rows: [row] }) => Object.assign(row, { accel: "gpu" }),
    "head_rows.0.accel is gpu; allowed fp16, ant, olive, bitmod_lossless, bitmod_lossy",
  );
  refuses(
    ({ head_rows: [row] }) => Object.assign(row, { accel: "toString" }),
    "head_rows.0.accel is toString; allowed fp16",
  );
  refuses(
    ({ paper_rows: [row] }) => Object.assign(row, { model: "gpt" }),
    "paper_rows.0.model is gpt; allowed opt-1.3b, phi-2",
  );
  refuses(({ paper_rows: [row] }) => Object.assign(row, { batch: 2 }), "paper_rows.0.batch is 2; allowed 1");
  refuses(
    ({ paper_rows: [row] }) => Object.assign(row, { mode: "train" }),
    'paper_rows.0.mode is "train"; allowed discriminative, generative',
  );
  refuses(({ head_rows: [row] }) => delete row.tiles, "head_rows.0.tiles is missing");
  refuses(
    ({ head_rows: [row] }) => Object.assign(row, { total_cycles: "many" }),
    'head_rows.0.total_cycles is "many"; allowed an integer of 0 or more',
  );
  refuses((golden) => Object.assign(golden, { head_rows: [], paper_rows: [] }), "head_rows and paper_rows are empty");
  refuses(({ head_layer_detail: detail }) => Object.assign(detail, { "a|b": {} }), "head_layer_detail.a|b is no name");
  refuses(
    ({ config }) => delete (config.ant.w_prec_HEAD as Values)["opt-1.3b"],
    "config.ant: no weight bits for model opt-1.3b (head, prefill); allowed phi-2, yi-6b",
  );
  refuses(({ config }) => delete config.fp16.w_prec, "config.fp16: no weight bits for model opt-1.3b");
  refuses(({ config }) => Object.assign(config.ant, { pe_array_gen: [63, 16] }), "config.cacti: no width of 504 bits");
  const heads = (values: Values) => (golden: Golden) => Object.assign(golden.model_shapes["yi-6b"].config, values);
  refuses(
    heads({ num_attention_heads: 30 }),
    "model_shapes.yi-6b.config.hidden_size is 4096; allowed a multiple of num_attention_heads",
  );
  refuses(heads({ num_key_value_heads: 5 }), "model_shapes.yi-6b.config.num_key_value_heads is 5; allowed a divisor");
  const { status, stdout, stderr } = mobisim(join(folder, "none.json"));
  assert.match(stderr, "none.json: cannot be read: there is no such file\n");
  assert.equal([status, stdout], [2, ""]);
});

test.run();
