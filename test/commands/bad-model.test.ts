//
//   Broken weights as a user meets them: one line that names file and tensor, exit code 2, nothing on stdout.
//

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { f32, openSafetensors } from "../../src/basics/safetensors.js";
import { byteSource } from "../../src/io/files.js";
import { tensorOf } from "../support/pack.js";

const bad = suite("broken models");
const shim = fileURLToPath(new URL("../../../bin/mobisim.js", import.meta.url));
const tiny = fileURLToPath(new URL("../../../models/tiny-llama/", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "mobisim broken "));
const NAME = "model.layers.0.self_attn.q_proj.weight";

bad.after(() => rmSync(root, { recursive: true }));

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** The embedded weights with another header, of the same length, and other data. */
function weights(change: (header: Record<string, Entry>, data: Buffer) => void): Buffer {
  const file = readFileSync(join(tiny, "model.safetensors"));
  const end = 8 + Number(file.readBigUInt64LE());
  const header = JSON.parse(file.toString("utf8", 8, end));
  const data = file.subarray(end);
  change(header, data);
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** What `accuracy` says of a model with this file instead. */
function refused(file: string, content: Buffer | string): string {
  const folder = mkdtempSync(join(root, "model "));
  const names = ["config.json", "model.safetensors", "slices.safetensors", "tokenizer.json"];
  for (const name of names) if (name !== file) symlinkSync(join(tiny, name), join(folder, name));
  writeFileSync(join(folder, file), content);
  writeFileSync(join(folder, "text.txt"), "a text of some words");
  const text = join(folder, "text.txt");
  const args = ["accuracy", "--model", folder, "--text", text, "--plans", "fp", "--quiet"];
  const { status, stdout, stderr } = spawnSync(process.execPath, [shim, ...args], { encoding: "utf8" });
  assert.equal([status, stdout, stderr.split("\n").length], [2, "", 2], stderr);
  assert.ok(stderr.startsWith(join(folder, file)), stderr);
  return stderr.slice(join(folder, file).length, -1);
}

bad("offsets that overlap, or lie outside the file", () => {
  const shifted = (by: number) =>
    weights((header) => {
      header[NAME].data_offsets = [header[NAME].data_offsets[0] + by, header[NAME].data_offsets[1] + by];
    });
  assert.match(
    refused("model.safetensors", shifted(-2)),
    /^: tensor \S+: data_offsets is \[\d+,\d+\], which overlaps /,
  );
  assert.match(
    refused("model.safetensors", shifted(2 ** 33)),
    /^: tensor \S*q_proj\S*: data_offsets is .*; allowed 0\.\.\d+ /,
  );
});

bad("a dtype that is no weight's, a shape that is not the model's", () => {
  const dtype = weights((header) => {
    header[NAME].dtype = "I16";
  });
  assert.is(refused("model.safetensors", dtype), `: tensor ${NAME}: dtype is "I16"; allowed F32, F16, BF16`);
  const shape = weights((header) => {
    header[NAME].shape = [128, 512];
  });
  assert.is(
    refused("model.safetensors", shape),
    `: tensor ${NAME}: shape is [128,512]; allowed [256,256] (the model's)`,
  );
});

bad("weights that are no numbers", () => {
  const nan = weights((header, data) => {
    data.writeUInt16LE(0x7e00, header[NAME].data_offsets[0] + 10);
  });
  assert.is(refused("model.safetensors", nan), `: tensor ${NAME}: value 5 is NaN; allowed finite numbers`);
});

bad("a header of 20 GB, none at all", () => {
  const huge = Buffer.alloc(64);
  huge.writeBigUInt64LE(20n * 10n ** 9n);
  assert.is(
    refused("model.safetensors", huge),
    ": the header's length is 20000000000; allowed 2..56 (what follows in the file)",
  );
  assert.match(refused("model.safetensors", Buffer.alloc(3)), /^: the file is 3 bytes long; allowed 8 or more/);
});

bad("a tokenizer with more tokens than the model", () => {
  const tokenizer = JSON.parse(readFileSync(join(tiny, "tokenizer.json"), "utf8"));
  tokenizer.model.vocab.oneTooMany = 4096;
  assert.match(
    refused("tokenizer.json", JSON.stringify(tokenizer)),
    /^: the largest token id is 4096; allowed 0\.\.4095 \(vocab_size of model .*\)$/,
  );
});

bad("a file longer than memory is read tensor by tensor; a header that says so of itself is refused", () => {
  const path = join(root, "long.safetensors");
  const [long, size] = [3 * 2 ** 30, 3 * 2 ** 30 + 8];
  const header = {
    filler: { dtype: "U8", shape: [long], data_offsets: [0, long] },
    last: { dtype: "F32", shape: [2], data_offsets: [long, size] },
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text]));
  truncateSync(path, 8 + text.length + size);
  const file = openSafetensors(byteSource(path), "long");
  assert.equal([...f32(tensorOf(file, "last"))], [0, 0]);
  length.writeBigUInt64LE(200_000_000n);
  const claimed = Buffer.concat([length, text]);
  writeFileSync(path, claimed);
  truncateSync(path, size);
  assert.throws(
    () => openSafetensors(byteSource(path), "long"),
    /^long: the header's length is 200000000; allowed 2\.\.100000000 \(of the format\)$/,
  );
});

bad.run();
