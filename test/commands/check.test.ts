//
//   mobisim check from the outside, and what a verdict says.
//

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type CheckedRow, type CheckVerdict, linesOf, verdictOf } from "../../src/check/verdict.js";
import { sharedPath } from "../support/shared.js";

interface Row {
  requests: number;
  cycles: number;
  lat_avg: number;
  commands: Record<string, number>;
  row_hits?: number;
}

interface Golden {
  devices: Record<string, Record<string, unknown>>;
  results: Record<string, Record<string, Row>>;
}

const check = suite("mobisim check");
const project = fileURLToPath(new URL("../../..", import.meta.url));
const shim = join(project, "bin/mobisim.js");
const goldenPath = join(project, "test/golden/dram-ddr4.json");
const R2 = "R2_DDR4_3200_M_B_noref";
const D3 = "D3_DDR4_3200_M_B_noref";
const folder = mkdtempSync(join(tmpdir(), "mobisim check "));

check.after(() => rmSync(folder, { recursive: true }));

function mobisim(...args: string[]) {
  return spawnSync(process.execPath, [shim, ...args], { encoding: "utf8", maxBuffer: 2 ** 26 });
}

/** A small golden file: two rows of Ramulator 2.1 and two of DRAMsim3, changed by a test. */
function write(change: (golden: Golden) => void): string {
  const { devices, results }: Golden = JSON.parse(readFileSync(goldenPath, "utf8"));
  const small: Golden = { devices, results: { [R2]: { ...results[R2] }, [D3]: results[D3] } };
  delete small.results[R2].S1;
  change(small);
  const path = join(folder, "golden.json");
  writeFileSync(path, JSON.stringify(small));
  return path;
}

function refuses(args: string[], line: RegExp | string): void {
  const { status, stdout, stderr } = mobisim("check", ...args);
  assert.match(stderr, line);
  assert.is(stderr.trimEnd().split("\n").length, 1);
  assert.is(stdout, "");
  assert.is(status, 2);
}

check("every DDR4 row is exact", () => {
  const { status, stdout, stderr } = mobisim("check", "dram", goldenPath);
  assert.is(stdout, `checked 19 exact 19 mustBeExact 19 failed 0 worst 0.000% (R2_DDR4_3200_M_A S1, cycles)\n`);
  assert.is(stderr, "");
  assert.is(status, 0);
});

check("all rows of the reference material are compared", () => {
  const path = sharedPath("golden", "dram.json");
  if (path === null) return;
  const { status, stdout } = mobisim("check", "dram", path, "--json");
  const verdict = JSON.parse(stdout) as CheckVerdict;
  const rows = Object.values((JSON.parse(readFileSync(path, "utf8")) as Golden).results).flatMap(Object.values);
  assert.is(verdict.checked + verdict.notChecked.length, rows.length);
  assert.is(status, verdict.failed === 0 ? 0 : 1);
  for (const { row, exact } of verdict.rows) assert.ok(exact || !row.includes("DDR4_3200"), row);
});

check("a row that differs is a line, and exit code 1", () => {
  const path = write(({ results }) => {
    results[R2].S7d.cycles -= 1;
    results[R2].S7d.commands.PREpb += 2;
    results[D3].S9d.lat_avg += 2e-6;
  });
  const { status, stdout, stderr } = mobisim("check", "dram", path);
  const [first, second, ...last] = stdout.trimEnd().split("\n");
  assert.is(first, `${R2} S7d: cycles 1212391, want 1212390; PREpb 16383, want 16385`);
  assert.match(second, /^D3_DDR4_3200_M_B_noref S9d: lat_avg 71\.10205\d*, want 71\.102053$/);
  assert.equal(last, [`checked 4 exact 2 mustBeExact 4 failed 2 worst 0.012% (${R2} S7d, PREpb)`]);
  assert.is(stderr, "");
  assert.is(status, 1);
});

check("--json is one document", () => {
  const path = write(({ results }) => {
    results[R2].S7d.row_hits = 5;
  });
  const { status, stdout, stderr } = mobisim("check", "dram", path, "--json");
  const { rows, worst, ...rest } = JSON.parse(stdout) as CheckVerdict;
  const sums = { checked: 4, exact: 3, mustBeExact: 4, failed: 1, notChecked: [] };
  assert.equal(rest, { kind: "dram", file: path, ...sums });
  assert.equal(worst, { row: `${R2} S7d`, field: "row_hits", got: 0, want: 5, relative: 1 });
  assert.equal(rows[0], {
    row: `${R2} S7d`,
    exact: false,
    mustBeExact: true,
    differences: [{ field: "row_hits", got: 0, want: 5 }],
  });
  assert.equal(rows[1], { row: `${R2} S9d`, exact: true, mustBeExact: true, differences: [] });
  assert.is(stderr, "");
  assert.is(status, 1);
});

check("commands that a row names and nobody issues are compared with 0", () => {
  const path = write(({ results }) => {
    results[R2].S7d.commands.RDA = 3;
  });
  assert.match(mobisim("check", "dram", path).stdout, `${R2} S7d: RDA 0, want 3\n`);
});

check("other policies and other rows of DRAMsim3 are informational", () => {
  const path = write(({ devices, results }) => {
    devices.R2_RH = { ...devices[R2], scheduler: "FRFCFSRowHit" };
    results.R2_RH = { S7d: results[R2].S7d };
    results[D3].S5 = { ...results[D3].S9d, requests: 256 };
  });
  const { status, stdout } = mobisim("check", "dram", path);
  const lines = stdout.trimEnd().split("\n");
  assert.is(lines[0], "R2_RH S7d: not checked, its scheduler is FRFCFSRowHit");
  assert.match(lines[1], /^D3_DDR4_3200_M_B_noref S5: cycles .* \(informational\)$/);
  assert.match(
    lines[2],
    /^checked 5 exact 4 mustBeExact 4 failed 0 worst \d+\.\d+% \(D3_DDR4_3200_M_B_noref S5, \w+\)$/,
  );
  assert.is(status, 0);
});

check("a device that the engine does not know fails its rows", () => {
  const path = write(({ devices }) => {
    devices[R2].controller = "Optical";
  });
  const { status, stdout } = mobisim("check", "dram", path);
  assert.match(stdout, /^R2_DDR4_3200_M_B_noref S7d: device .*want one that the engine knows\n/);
  assert.match(stdout, "failed 2 worst 100.000%");
  assert.is(status, 1);
});

check("a device that does not say where streams go fails its rows", () => {
  const path = write(({ devices }) => {
    delete devices[R2].row_stride_bytes;
  });
  const { status, stdout } = mobisim("check", "dram", path);
  assert.match(stdout, `S7d: device devices.${R2}.row_stride_bytes says not where streams go, want`);
  assert.is(status, 1);
});

check("a stream that nobody knows fails its row", () => {
  const path = write(({ results }) => {
    results[R2].S12 = results[R2].S7d;
  });
  assert.match(mobisim("check", "dram", path).stdout, `${R2} S12: device stream S12 is not known`);
});

check("what cannot be read, or is no golden file, is one line and exit code 2", () => {
  refuses(["dram", join(folder, "none.json")], "none.json: cannot be read: there is no such file");
  refuses(["dram", folder], "cannot be read: it is a folder");
  const path = join(folder, "bad.json");
  const bad = (text: string, line: string | RegExp) => {
    writeFileSync(path, text);
    refuses(["dram", path], line);
  };
  bad("{", "is not JSON");
  bad("[]", "bad.json: ");
  bad('{"devices": {}}', "results");
  bad('{"devices": {}, "results": {"R2_X": {}}}', "bad.json: results.R2_X has no device table");
  const cut = write(({ results }) => {
    Object.assign(results[R2].S7d, { cycles: "many" });
  });
  refuses(["dram", cut], /results\.R2_DDR4_3200_M_B_noref\.S7d\.cycles/);
  refuses(["rtl", goldenPath], "check rtl: unknown kind; allowed dram, pe");
  refuses(["dram"], "missing required argument 'file'");
});

check("the summary names the worst difference", () => {
  const row = (name: string, got: number, mustBeExact: boolean): CheckedRow => {
    const compared = [{ field: "cycles", got, want: 100000 }];
    return { row: name, mustBeExact, compared, differences: got === 100000 ? [] : compared };
  };
  const last = (...rows: CheckedRow[]) => linesOf(verdictOf("dram", "f", rows, [])).at(-1);
  assert.is(
    last(row("a", 100000, true), row("b", 100001, true), row("c", 98000, false)),
    "checked 3 exact 1 mustBeExact 2 failed 1 worst 2.000% (c, cycles)",
  );
  assert.is(last(row("a", 100000, true)), "checked 1 exact 1 mustBeExact 1 failed 0 worst 0.000% (a, cycles)");
  assert.is(last(), "checked 0 exact 0 mustBeExact 0 failed 0 worst 0.000%");
  const tiny = { field: "lat_avg", got: 1.000002, want: 1 };
  assert.match(last({ row: "a", mustBeExact: true, compared: [tiny], differences: [tiny] }) ?? "", "worst <0.001% (a,");
});

check.run();
