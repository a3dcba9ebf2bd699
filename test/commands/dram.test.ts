//
//   mobisim dram from the outside: what lands on stdout and on stderr, and how it ends.
//

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { STREAM_NAMES } from "../../src/dram/streams.js";
import { type DramReport, dramPage } from "../../src/report/dram-page.js";
import { renderPage } from "../../src/report/terminal.js";

const dram = suite("mobisim dram");
const shim = fileURLToPath(new URL("../../../bin/mobisim.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "mobisim dram "));

dram.after(() => rmSync(folder, { recursive: true }));

function mobisim(...args: string[]) {
  return spawnSync(process.execPath, [shim, ...args], { encoding: "utf8" });
}

function reportOf(...args: string[]): DramReport {
  const { status, stdout, stderr } = mobisim("dram", ...args, "--json");
  assert.is(stderr, "");
  assert.is(status, 0);
  return JSON.parse(stdout);
}

function refuses(args: string[], line: string | RegExp): void {
  const { status, stdout, stderr } = mobisim("dram", ...args);
  assert.match(stderr, line);
  assert.is(stderr.trimEnd().split("\n").length, 1);
  assert.is(stdout, "");
  assert.is(status, 2);
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

dram("--json is one document, the golden figures in it, and its causes add up", () => {
  const report = reportOf("--stream", "S5", "--mapping", "A");
  assert.equal([report.requests, report.cycles, report.rowConflicts], [131072, 1205193, 130348]);
  assert.equal(report.commands, { ACT: 131029, PRE: 130348, PREA: 96, RD: 131072, REF: 96 });
  assert.ok(Math.abs(report.bandwidthGBps - 11.13662) < 1e-5);
  assert.is(report.peakGBps, 25.6);
  assert.equal([report.latencyClocks?.p50, report.latencyClocks?.p99, report.latencyClocks?.max], [316, 954, 1522]);
  const { each, buses, causes } = report.busClocks;
  assert.is(
    Object.values(causes).reduce((sum, clocks) => sum + clocks, 0),
    each * buses,
  );
  const { low, high } = report.energyPj.total;
  assert.ok(low > 0 && low <= high);
  assert.ok(Math.abs(high / (8 * report.bytes) - 20.1) < 0.5, "20.1 pJ/bit: DRAMsim3 on random reads");
  assert.equal(
    report.inputs.map(({ name }) => name),
    ["hw-configs/dram/ddr4-3200.yaml"],
  );
});

dram("the page says how fast and why", () => {
  const { status, stdout, stderr } = mobisim("dram", "--requests", "20000", "--mapping", "A");
  assert.is(stderr, "");
  assert.is(status, 0);
  assert.match(stdout, /^S1 on ddr4-3200, mapping A, refresh all-bank, 1 channel\n/);
  assert.match(stdout, /achieved +15\.\d+ of 25\.60 GB\/s peak \(6\d\.\d %\)/);
  assert.match(stdout, /\n {2}same bank group \(tCCD_L\) +[\d,]+ +3\d\.\d % {2}#+\n/);
  assert.match(stdout, /\n {2}total +[\d,]+ +100\.0 %\n/);
  assert.match(stdout, "most is lost to: same bank group");
  for (const line of stdout.split("\n")) assert.ok(line.length <= 90, line);
});

dram("more channels share a stream", () => {
  const [one, four] = ["1", "4"].map((channels) => reportOf("--requests", "20000", "--channels", channels));
  assert.is(four.busClocks.buses, 4);
  assert.is(four.peakGBps, 4 * one.peakGBps);
  assert.ok(four.bandwidthGBps > 3 * one.bandwidthGBps);
});

dram("refresh, dies and mappings are options", () => {
  const how = (...args: string[]) => reportOf("--requests", "20000", ...args);
  assert.is(how("--refresh", "off").commands.REF, undefined);
  assert.ok(how("--die-gb", "16").busClocks.causes.refresh > how().busClocks.causes.refresh, "a longer tRFC");
  assert.is(how("--mapping", "row,bank,column,bankGroup,channel").cycles, how("--mapping", "B").cycles);
  assert.is(how("--device", "lpddr5-6400").peakGBps, 12.8);
});

dram("a file of requests is a stream", () => {
  const path = file("mine.txt", "# mine\nR 0\nW 0x40 300\nR 0x40 300\nR 131072 2000\n");
  const report = reportOf("--stream", path);
  assert.equal([report.requests, report.forwarded, report.commands.RD, report.commands.WR], [4, 1, 2, 1]);
  assert.equal(
    report.inputs.map(({ name }) => name),
    ["hw-configs/dram/ddr4-3200.yaml", path],
  );
  assert.is(reportOf("--stream", path, "--requests", "1").cycles, 49);
  refuses(["--stream", path, "--requests", "5"], `--requests is 5; allowed at most 4, the requests of ${path}`);
});

dram("writes alone have no read latency", () => {
  const report = reportOf("--stream", file("writes.txt", "W 0\n"));
  assert.is(report.latencyClocks, null);
  assert.match(renderPage(dramPage(report)), /Latency of reads {2}\[modelled\]\n {2}mean +-\n/);
});

dram("bad input is one line", () => {
  refuses(["--device", "ddr5"], "ddr5: no such file and no name in hw-configs/dram/");
  refuses(["--mapping", "C"], "dram.mapping is C; allowed A, B");
  refuses(["--mapping", "row,bank"], "is missing");
  refuses(["--mapping", "row,line"], "--mapping is line; allowed row, bank");
  refuses(["--stream", "S11"], `--stream is S11; allowed ${STREAM_NAMES}, or a file`);
  refuses(["--stream", "random"], `--stream is random; allowed ${STREAM_NAMES}, or a file`);
  refuses(["--stream", "S2_100"], "stream S2_100: allowed are turns in multiples of 64 bytes");
  refuses(["--stream", join(folder, "none.txt")], "none.txt: cannot be read: there is no such file");
  refuses(["--stream", file("bad.txt", "R 0\nQ 1\n")], "bad.txt:2: Q; allowed R or W");
  refuses(["--requests", "0"], "--requests is 0; allowed an integer >= 1");
  refuses(["--channels", "3"], "--channels is 3; allowed powers of two up to 64");
  refuses(["--refresh", "never"], "--refresh is never; allowed all-bank, per-bank, off");
  refuses(["--die-gb", "5"], "dram.dieGb is 5; allowed 8, 16 (ddr4-3200)");
  refuses(["--strem", "S1"], "unknown option '--strem' (Did you mean --stream?)");
});

dram("--help names every option and stream", () => {
  const { stdout, status } = mobisim("dram", "--help");
  assert.is(status, 0);
  for (const option of "device mapping stream requests channels refresh die-gb json".split(" ")) {
    assert.match(stdout, `--${option}`);
  }
  for (const name of STREAM_NAMES.split(", ")) assert.match(stdout, name);
});

dram.run();
