//
//   The project's own text files, for tests that read them: what is there, what imports what, what is code.
//

import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const NOT_OURS = /^(node_modules|dist|\.git)$/;

export interface SourceFile {
  /** From the project's root, with forward slashes. */
  path: string;
  text: string;
}

/** All files below a folder of the project (or that one file), sorted; nothing when it is not there. */
export function listFiles(folder: string): string[] {
  const found = statSync(join(ROOT, folder), { throwIfNoEntry: false });
  if (found === undefined) return [];
  if (found.isFile()) return [folder];
  return readdirSync(join(ROOT, folder))
    .filter((name) => !NOT_OURS.test(name))
    .sort()
    .flatMap((name) => listFiles(posix.join(folder, name)));
}

export function fileBytes(path: string): number {
  return statSync(join(ROOT, path)).size;
}

export function readSource(path: string): SourceFile {
  return { path, text: readFileSync(join(ROOT, path), "utf8") };
}

/** The TypeScript and AssemblyScript files below some folders. */
export function typescript(...folders: string[]): SourceFile[] {
  return folders
    .flatMap(listFiles)
    .filter((path) => path.endsWith(".ts"))
    .map(readSource);
}

const LITERAL = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

/** Without comments. */
function uncommented({ text }: SourceFile): string {
  return text.replace(LITERAL, (literal) => (literal.startsWith("/") ? "" : literal));
}

/** The comments alone, a line each. */
export function commentsOf({ text }: SourceFile): string {
  const found = [...text.matchAll(LITERAL)].map(([literal]) => literal);
  return found.filter((literal) => literal.startsWith("/")).join("\n");
}

/** Without comments and without what strings say. */
export function bareCode({ text }: SourceFile): string {
  return text.replace(LITERAL, (literal) => (literal.startsWith("/") ? "" : '""'));
}

const IMPORT = /^(?:import|export)\s(?:[^"';]*?\sfrom\s*)?"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;

/** What a file imports, type imports and dynamic ones included: paths from the root, or package names. */
export function importsOf(file: SourceFile): string[] {
  const names = [...uncommented(file).matchAll(IMPORT)].map(([, fixed, dynamic]) => fixed ?? dynamic);
  return names.map((name) => {
    if (!name.startsWith(".")) return name;
    return `${posix.join(dirname(file.path), name).replace(/\.js$/, "")}.ts`;
  });
}

const EXPORT = /^export (?:abstract )?(?:async )?(?:function\*?|const|class|interface|type|enum) (\w+)/gm;

/** The names that a file exports where it declares them. */
export function exportsOf(file: SourceFile): string[] {
  return [...uncommented(file).matchAll(EXPORT)].map(([, name]) => name);
}

/** One import cycle among the files, as the paths on it; undefined when there is none. */
export function importCycle(files: SourceFile[]): string[] | undefined {
  return cycleIn(new Map(files.map((file) => [file.path, importsOf(file)])));
}

/**
 * One import cycle among what lies side by side in a folder, a folder within it as one with all that lies below; as the
 * imports that close it, undefined when there is none.
 */
export function folderCycle(folder: string, files: SourceFile[]): string[] | undefined {
  const depth = folder.split("/").length + 1;
  const below = (path: string) => path.startsWith(`${folder}/`);
  const nodeOf = (path: string) => path.split("/").slice(0, depth).join("/");
  const inside = files.filter(({ path }) => below(path));
  const imports = inside.flatMap((file) =>
    importsOf(file)
      .filter((name) => below(name) && nodeOf(name) !== nodeOf(file.path))
      .map((name) => ({ from: nodeOf(file.path), to: nodeOf(name), text: `${file.path} imports ${name}` })),
  );
  const graph = new Map(inside.map(({ path }) => [nodeOf(path), [] as string[]]));
  for (const { from, to } of imports) graph.get(from)?.push(to);
  const cycle = cycleIn(graph);
  return cycle?.slice(1).map((node, i) => {
    return imports.find(({ from, to }) => from === cycle[i] && to === node)?.text ?? node;
  });
}

function cycleIn(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const finished = new Set<string>();
  const visit = (node: string, trail: string[]): string[] | undefined => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node];
    if (finished.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next, [...trail, node]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
