//
//   Builds the project with one file changed, in memory: what a build would have written, as [path below dist, content].
//
//     assembly/machine/x.ts ──► asc, asserts on, hardly optimised ──► machine.wasm and machine.debug.wasm
//     src/x.ts ──► types stripped (Babel) ──► src/x.js
//

import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { transformSync } from "@babel/core";
import asc from "assemblyscript/asc";

export type Outputs = ReadonlyMap<string, Uint8Array | string>;

/** 1 GiB: a mutant that never stops allocating is stopped. */
const MOST_PAGES = "16384";
const MODULES = {
  machine: { fast: "debug", release: "release" },
  numeric: { fast: "numeric-debug", release: "numeric" },
} as const;

/** Throws what the compiler says when it does not compile. */
export async function build(root: string, file: string, source: string): Promise<Outputs> {
  if (file.startsWith("src/")) return new Map([[file.replace(/\.ts$/, ".js"), withoutTypes(root, file, source)]]);
  const module = moduleOf(file);
  const binary = await compiled(root, file, source, [MODULES[module].fast, "-O1", "--maximumMemory", MOST_PAGES]);
  return new Map([`${module}.wasm`, `${module}.debug.wasm`].map((name) => [name, binary]));
}

/** The optimised binary, in which two ways of saying the same are often the same; none for TypeScript. */
export async function released(root: string, file: string, source: string): Promise<Uint8Array | undefined> {
  return file.startsWith("src/") ? undefined : compiled(root, file, source, [MODULES[moduleOf(file)].release]);
}

function moduleOf(file: string): keyof typeof MODULES {
  return file.startsWith("assembly/numeric/") ? "numeric" : "machine";
}

async function compiled(root: string, file: string, source: string, options: string[]): Promise<Uint8Array> {
  const entry = `assembly/${moduleOf(file)}/index.ts`;
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main([entry, "--outFile", "out.wasm", "--target", ...options], {
    readFile: (name) => (posix.normalize(name) === file ? source : fileOf(root, name)),
    writeFile: (name, contents) => {
      if (name === "out.wasm" && typeof contents !== "string") binary = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) throw new Error(`${error?.message ?? "no binary"}\n${stderr.toString()}`);
  return binary;
}

const known = new Map<string, string | null>();

function fileOf(root: string, name: string): string | null {
  const path = join(root, name);
  const text = known.get(path) ?? (existsSync(path) ? readFileSync(path, "utf8") : null);
  known.set(path, text);
  return text;
}

function withoutTypes(root: string, file: string, source: string): string {
  const result = transformSync(source, {
    ...{ cwd: root, filename: file, babelrc: false, configFile: false },
    presets: [["@babel/preset-typescript", { onlyRemoveTypeImports: true }]],
  });
  if (typeof result?.code !== "string") throw new Error(`${file}: nothing came out`);
  return result.code;
}
