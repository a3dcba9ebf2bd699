//
//   What texts and comments name is there: files, folders, suites, tests to run. CHANGELOG.md is history and is left out.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commentsOf, importsOf, listFiles, readSource, type SourceFile, typescript } from "./support/sources.js";

const test = suite("texts");

const NAMED = ["docs", "models", "traces", "exporters", "hw-configs", "formats"];
const texts = ["README.md", ...NAMED.flatMap(listFiles)].filter((path) => /\.(md|yaml)$/.test(path)).map(readSource);
const files = listFiles(".");
const suites = listFiles("test").filter((path) => path.endsWith(".test.ts"));

/** Whether some file or folder goes by that name: from the root on, or by its last parts. */
const fileThere = (name: string) => files.some((path) => `/${path}`.endsWith(`/${name}`));
const pathThere = (path: string) => ["", ".ts", ".test.ts"].some((end) => listFiles(path + end).length > 0);
const suiteThere = (name: string) => suites.some((path) => path.includes(name));

/** What `pattern` finds in the files and `there` does not know. */
function gone(sources: readonly SourceFile[], pattern: RegExp, there: (name: string) => boolean): string[] {
  return sources.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].filter(([, name]) => !there(name)).map(([, name]) => `${path} names ${name}`),
  );
}

test("finds what is gone", () => {
  const source = { path: "a.md", text: "`src/cli.ts`, src/io, [x](../src/no.ts)" };
  assert.equal(gone([source], PATH, pathThere), ["a.md names src/no.ts"]);
  assert.equal(commentsOf({ path: "b.ts", text: 'f("// c"); // d\n/* e */' }), "// d\n/* e */");
});

const PATH = /(?<![\w/])(?:\.\.\/)*((?:src|assembly|test|docs|bin)\/[\w/.-]*\w)/g;

test("documents name files and folders", () => {
  assert.equal(gone(texts, PATH, pathThere), []);
});

test("documents name tests to run", () => {
  assert.equal(gone(texts, /node dist\/test\/run\.js ([a-z][\w/-]*)/g, suiteThere), []);
  const { path, text } = readSource("README.md");
  const [table = ""] = /\| you changed \| run first \|\n(.*\n)*?\n/.exec(text) ?? [];
  const suiteNames = /`([a-z][\w/-]*)`/g;
  assert.ok([...table.matchAll(suiteNames)].length > 10);
  assert.equal(gone([{ path, text: table }], suiteNames, suiteThere), []);
});

test("README.md has the folders of src/ in the order of their imports", () => {
  const [, listed = ""] = /stands\s+left of it: ([a-z\s]+)\./.exec(readSource("README.md").text) ?? [];
  const order = listed.split(/\s+/);
  const nounOf = (path: string) => /^src\/(\w+)/.exec(path)?.[1] ?? "";
  const source = typescript("src");
  const folders = new Set(source.filter(({ path }) => path.split("/").length > 2).map(({ path }) => nounOf(path)));
  assert.equal(
    [...folders].filter((folder) => !order.includes(folder)),
    [],
  );
  assert.equal(
    order.filter((name) => !pathThere(`src/${name}`)),
    [],
  );
  const upwards = source.flatMap((file) =>
    importsOf(file)
      .filter((name) => order.includes(nounOf(name)) && order.includes(nounOf(file.path)))
      .filter((name) => order.indexOf(nounOf(name)) > order.indexOf(nounOf(file.path)))
      .map((name) => `${file.path} imports ${name}`),
  );
  assert.equal(upwards, []);
});

test("comments name files", () => {
  const code = typescript("src", "assembly", "test", "bench");
  const comments = code.map((file) => ({ path: file.path, text: commentsOf(file) }));
  // x.ts stands for any file.
  assert.equal(gone(comments, /(?<![\w./-])(?:\.\.?\/)*([\w./-]*[\w-]{2}\.(?:ts|md))\b/g, fileThere), []);
});

test.run();
