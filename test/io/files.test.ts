//
//   Files: names and files are found, a missing one is one line, and what is written is there whole or not at all.
//

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  assetNames,
  assetPath,
  fileSha256,
  labelOf,
  readNamed,
  readText,
  refuseUnwritable,
  resolveNameOrFile,
  sha256,
  writeAll,
} from "../../src/io/files.js";
import { refusal } from "../support/refusal.js";

const test = suite("files");

/** Where there is a folder that even root cannot write. */
const onLinux = process.platform === "linux" ? test : test.skip;

let folder = "";
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), "mobisim files "));
});
test.after.each(() => rmSync(folder, { recursive: true, force: true }));

test("what cannot be read is one line", () => {
  assert.is(
    refusal(() => readText(join(folder, "no"))),
    `${join(folder, "no")}: cannot be read: there is no such file`,
  );
  assert.is(
    refusal(() => readText(folder)),
    `${folder}: cannot be read: it is a folder`,
  );
  writeFileSync(join(folder, "binary"), Uint8Array.of(0xff, 0xfe, 0x80));
  assert.match(
    refusal(() => readText(join(folder, "binary"))),
    /is not a text file in UTF-8$/,
  );
});

test("a name is found in the package, a path is taken as it is", () => {
  assert.is(resolveNameOrFile("hw-configs", "edge", ".yaml"), assetPath("hw-configs", "edge.yaml"));
  assert.is(resolveNameOrFile("hw-configs", "some/where.yaml", ".yaml"), "some/where.yaml");
  assert.is(labelOf(assetPath("hw-configs", "edge.yaml")), "hw-configs/edge.yaml");
  assert.is(labelOf(join(folder, "mine.yaml")), join(folder, "mine.yaml"));
  assert.ok(assetNames("hw-configs", ".yaml").includes("edge"));
  const edge = readNamed("hw-configs", "edge", ".yaml");
  assert.is(edge.sha256, sha256(edge.text));
});

test("a folder is a model or a trace by what it holds; another of its name hides nothing", () => {
  const before = process.cwd();
  process.chdir(folder);
  for (const [kind, name, held] of [
    ["models", "tiny-llama", "config.json"],
    ["traces", "decode16", "trace.json"],
  ] as const) {
    mkdirSync(name);
    assert.is(resolveNameOrFile(kind, name, ""), assetPath(kind, name));
    writeFileSync(join(name, held), "{}");
    assert.is(resolveNameOrFile(kind, name, ""), name);
    mkdirSync(`my-${name}`);
    const line = refusal(() => resolveNameOrFile(kind, `my-${name}`, ""));
    assert.ok(line.startsWith(`my-${name}: the folder has no ${held} and no name in ${kind}/ (`), line);
  }
  process.chdir(before);
  assert.equal([assetNames("models", ""), assetNames("traces", "")], [["tiny-llama"], ["decode16", "prefill2k"]]);
});

onLinux("a folder that cannot be written is refused before anything is", () => {
  for (const inside of ["/proc", "/proc/mobisim/deep"])
    assert.match(
      refusal(() => refuseUnwritable("--out", inside)),
      /^--out \/proc.* cannot be written: there is no such file$/,
    );
  refuseUnwritable("--out", join(folder, "new", "folder"));
  assert.equal(readdirSync(folder), []);
});

test("a file is hashed piece by piece as it is as a whole", () => {
  const bytes = Uint8Array.from({ length: 3 * (1 << 18) + 5 }, (_, i) => (i * 2654435761) >>> 24);
  for (const size of [0, 1, 1 << 18, bytes.length]) {
    writeFileSync(join(folder, "data"), bytes.subarray(0, size));
    assert.is(fileSha256(join(folder, "data")), sha256(bytes.subarray(0, size)), `${size} bytes`);
  }
  assert.match(
    refusal(() => fileSha256(join(folder, "no"))),
    /cannot be read: there is no such file$/,
  );
});

test("an unknown name lists those that exist", () => {
  const line = refusal(() => resolveNameOrFile("hw-configs/energy", "cacti", ".yaml"));
  assert.match(
    line,
    /^cacti: no such file and no name in hw-configs\/energy\/ \(.*bitmod-28nm.*\); did you mean cacti7\?$/,
  );
  assert.match(
    refusal(() => resolveNameOrFile("hw-configs", "", ".yaml")),
    /^"": no such file/,
  );
});

test("files are written into a new folder and over an old one", () => {
  const out = join(folder, "a b", "c");
  writeAll(out, { "x.txt": "1", "deep/y.bin": Uint8Array.of(2) });
  writeAll(out, { "x.txt": "3" });
  assert.is(readFileSync(join(out, "x.txt"), "utf8"), "3");
  assert.equal([...readFileSync(join(out, "deep", "y.bin"))], [2]);
  assert.equal(readdirSync(out).sort(), ["deep", "x.txt"]);
  assert.equal(readdirSync(join(folder, "a b")), ["c"]);
});

test("a failure leaves nothing half-written", () => {
  const out = join(folder, "out");
  assert.match(
    refusal(() => writeAll(out, { good: "1", "../bad": "2" })),
    /outside its folder/,
  );
  assert.not.ok(existsSync(out));
  mkdirSync(out);
  assert.match(
    refusal(() => writeAll(out, { good: "1", "good/bad": "2" })),
    /cannot be written/,
  );
  assert.equal(readdirSync(out), []);
  writeFileSync(join(folder, "file"), "");
  assert.match(
    refusal(() => writeAll(join(folder, "file"), { x: "1" })),
    /file: cannot be written: a file is in the way$/,
  );
});

test.run();
