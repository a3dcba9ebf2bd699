//
//   Files: the only door to the disk beside the commands. A missing file is the user's mistake, so it is an InputError.
//
//     NAME ──► resolveNameOrFile ──► path ──► readText / readBytes ──► sha256
//     results ──► writeAll ──► all of the files, or none
//

import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError, nearest } from "../basics/errors.js";
import type { ByteSource } from "../basics/safetensors.js";

/** Bytes of one read: the system takes no 2 GiB at a time. */
const READ_AT_ONCE = 2 ** 30;
const HASHED_AT_ONCE = 1 << 18;

export function readBytes(path: string): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = reading(path, () => readFileSync(path));
  return new Uint8Array(buffer, byteOffset, length);
}

export function readText(path: string): string {
  const bytes = readBytes(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(`${labelOf(path)}: is not a text file in UTF-8`);
  }
}

export function fileExists(path: string): boolean {
  return existsSync(path);
}

export function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/** A file of which pieces are read when they are wanted: however large it is, a piece fits into memory. */
export function byteSource(path: string): ByteSource {
  return {
    length: reading(path, () => statSync(path).size),
    read: (begin, end) => reading(path, () => pieceOf(path, begin, end)),
  };
}

function pieceOf(path: string, begin: number, end: number): Uint8Array {
  const piece = new Uint8Array(end - begin);
  const file = openSync(path, "r");
  try {
    for (let at = 0; at < piece.length; ) {
      const size = readSync(file, piece, at, Math.min(piece.length - at, READ_AT_ONCE), begin + at);
      if (size === 0) throw new InputError(`${labelOf(path)}: ends at byte ${begin + at}; ${end} when it was opened`);
      at += size;
    }
  } finally {
    closeSync(file);
  }
  return piece;
}

function reading<T>(path: string, act: () => T): T {
  return tried(`${labelOf(path)}: cannot be read`, act);
}

/** For what a command writes by itself: what the system refuses is the user's to mend. */
export function writing<T>(path: string, act: () => T): T {
  return tried(`${labelOf(path)}: cannot be written`, act);
}

function tried<T>(failure: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${failure}: ${reason(error)}`);
  }
}

/** Of a file that is only hashed, however large: piece by piece. */
export function fileSha256(path: string): string {
  const hash = createHash("sha256");
  const piece = new Uint8Array(HASHED_AT_ONCE);
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    for (let size = readSync(file, piece); size > 0; size = readSync(file, piece)) hash.update(piece.subarray(0, size));
  } catch (error) {
    throw new InputError(`${labelOf(path)}: cannot be read: ${reason(error)}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return hash.digest("hex");
}

/** A file that comes with the package, for example assetPath("hw-configs", "dram", "ddr4-3200.yaml"). */
export function assetPath(kind: string, ...names: string[]): string {
  return join(packageRoot(), kind, ...names);
}

/** What comes with the package in a folder: the names that end with `suffix`, without it, in order; for "" the folders of models/ and traces/. */
export function assetNames(kind: string, suffix: string): string[] {
  const folder = assetPath(kind);
  if (!existsSync(folder)) return [];
  const isWanted = (name: string) => (suffix === "" ? holdsOne(kind, join(folder, name)) : name.endsWith(suffix));
  const names = readdirSync(folder).filter((name) => !name.startsWith(".") && isWanted(name));
  return names.map((name) => name.slice(0, name.length - suffix.length)).sort();
}

/** What makes a folder one of its kind: one without it hides nothing that has its name. */
const HELD: Readonly<Record<string, string>> = { models: "config.json", traces: "trace.json" };

/** Folders whose names are found without their folder, too. */
const SUBFOLDERS: Readonly<Record<string, readonly string[]>> = { "hw-configs": ["baselines"] };

/** A NAME is looked up in the package's folder `kind`; what is there as a file, or else has a slash in it, is a file. */
export function resolveNameOrFile(kind: string, nameOrFile: string, suffix: string): string {
  const found = findNamed(kind, nameOrFile, suffix);
  if (found !== undefined) return found;
  const known = knownNames(kind, suffix);
  const names = known.flatMap((name) => [...new Set([name, basename(name)])]);
  const near = nearest(nameOrFile, names) ?? names.find((name) => nameOrFile !== "" && name.startsWith(nameOrFile));
  const guess = near === undefined ? "" : `; did you mean ${near}?`;
  throw new InputError(`${missing(kind, nameOrFile)} and no name in ${kind}/ (${known.join(", ")})${guess}`);
}

/** The same; undefined for what is neither. */
export function findNamed(kind: string, nameOrFile: string, suffix: string): string | undefined {
  if (isThere(kind, nameOrFile, suffix)) return nameOrFile;
  const name = knownNames(kind, suffix).find((known) => known === nameOrFile || basename(known) === nameOrFile);
  if (name !== undefined) return assetPath(kind, name + suffix);
  return /[/\\]/.test(nameOrFile) ? nameOrFile : undefined;
}

/** How a message begins that says a name means nothing: there is none, or a folder that lacks what would make it one. */
export function missing(kind: string, name: string): string {
  if (!(kind in HELD)) return `${name || '""'}: no such file`;
  const isFolder = existsSync(name) && statSync(name).isDirectory();
  return `${name || '""'}: ${isFolder ? `the folder has no ${HELD[kind]}` : "no such folder"}`;
}

/** The names in a folder of the package, and those in the folders below it that hold more of the same kind. */
export function knownNames(kind: string, suffix: string): string[] {
  const below = SUBFOLDERS[kind] ?? [];
  const inside = below.flatMap((folder) => assetNames(join(kind, folder), suffix).map((name) => `${folder}/${name}`));
  return [...assetNames(kind, suffix), ...inside];
}

/** The text of a NAME or file, how messages call it, and its hash. */
export function readNamed(
  kind: string,
  nameOrFile: string,
  suffix: string,
): { text: string; label: string; sha256: string } {
  const path = resolveNameOrFile(kind, nameOrFile, suffix);
  const text = readText(path);
  return { text, label: labelOf(path), sha256: sha256(text) };
}

/** The path as a message shows it: from the package's root where it lies inside, as the user gave it otherwise. */
export function labelOf(path: string): string {
  const inside = relative(packageRoot(), resolve(path));
  return inside === "" || inside.startsWith("..") || inside === resolve(path) ? path : inside.split(sep).join("/");
}

/** Writes `files` (names below `dir`, with their contents) so that a failure leaves none of them half-written. */
export function writeAll(dir: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  tried(`${dir}: cannot be written`, () => writeStaged(dir, files));
}

function writeStaged(dir: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  const target = resolve(dir);
  let temporary: string | undefined;
  try {
    const fresh = !existsSync(target);
    mkdirSync(fresh ? dirname(target) : target, { recursive: true });
    temporary = mkdtempSync(join(fresh ? dirname(target) : target, ".writing-"));
    const staged = join(temporary, "files");
    mkdirSync(staged);
    for (const [name, data] of Object.entries(files)) stage(staged, name, data);
    if (fresh) renameSync(staged, target);
    else for (const name of Object.keys(files)) moveInto(staged, target, name);
  } finally {
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  }
}

/** Refuses, before any work is done, a folder that cannot be written or become one; `shown` is what the user said. */
export function refuseUnwritable(option: string, folder: string, shown = folder): void {
  if (folder === "") throw new InputError(`${option} is empty; allowed a folder`);
  let existing = resolve(folder);
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  const part = existing === resolve(shown) ? "" : `: ${existing}`;
  if (!statSync(existing).isDirectory()) throw new InputError(`${option} ${shown}${part} is a file; allowed a folder`);
  tried(`${option} ${shown}${part} cannot be written`, () =>
    rmSync(mkdtempSync(join(existing, ".writing-")), { recursive: true }),
  );
}

function stage(folder: string, name: string, data: string | Uint8Array): void {
  const path = join(folder, name);
  if (!path.startsWith(folder + sep)) throw new InputError(`${name}: would be written outside its folder`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, data);
}

function moveInto(staged: string, target: string, name: string): void {
  mkdirSync(dirname(join(target, name)), { recursive: true });
  renameSync(join(staged, name), join(target, name));
}

function isThere(kind: string, path: string, suffix: string): boolean {
  if (suffix === "") return holdsOne(kind, path);
  return existsSync(path) && statSync(path).isFile();
}

function holdsOne(kind: string, folder: string): boolean {
  return existsSync(join(folder, HELD[kind]));
}

/** The nearest folder above this file that holds a package.json: dist/src/io/ -> the package. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json")) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** Why the system refused, in words. */
export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOENT: "there is no such file",
    EISDIR: "it is a folder",
    ENOTDIR: "a part of its path is no folder",
    EACCES: "permission denied",
    EROFS: "its file system is read-only",
    ENOSPC: "no space is left",
    EEXIST: "a file is in the way",
  };
  return known[code ?? ""] ?? String(message).replace(/\s+/g, " ");
}
