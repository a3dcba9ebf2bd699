//
//   exporters/: what needs no model. The self-test writes a pack that the simulator reads and accepts.
//

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseTrace } from "../src/trace/trace.js";

const exporters = suite("exporters");
const script = fileURLToPath(new URL("../../exporters/huggingface/export_trace.py", import.meta.url));
const python = (...args: string[]) => spawnSync("python3", args, { encoding: "utf8" });

if (python("-c", "import numpy").status !== 0) {
  process.stderr.write("skipped: exporters need python3 with numpy (Debian package python3-numpy)\n");
} else {
  exporters("Hugging Face: the self-test passes, and its pack is one", () => {
    const folder = mkdtempSync(join(tmpdir(), "mobisim exporter "));
    try {
      const { status, stderr } = python(script, "--self-test", "--out", folder);
      assert.is(status, 0, stderr);
      const [about, tensors] = ["trace.json", "trace.safetensors"].map((name) => join(folder, name));
      const trace = parseTrace(readFileSync(about, "utf8"), about, readFileSync(tensors), tensors);
      assert.equal([trace.name, trace.sequences, trace.sequenceLength, trace.linears.length], ["self-test", 2, 4, 7]);
      assert.ok((trace.scores("b3")?.length ?? 0) > 0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  exporters("Hugging Face: what is missing is said in one line", () => {
    const { status, stderr } = python(script, "--model", "a", "--text", "b");
    assert.is(status, 2);
    assert.match(stderr, /error: --out is missing\n$/);
  });
}

exporters.run();
