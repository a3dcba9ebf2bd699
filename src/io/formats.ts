//
//   Number formats by name, or from a file, with the hash of what was read.
//

import { type Format, parseFormat } from "../formats/format.js";
import { readNamed } from "./files.js";

interface NamedFormat {
  readonly format: Format;
  /** How messages call its file. */
  readonly label: string;
  readonly sha256: string;
}

/** A format of formats/, or a YAML file. */
export function readFormat(nameOrFile: string): NamedFormat {
  const { text, label, sha256 } = readNamed("formats", nameOrFile, ".yaml");
  return { format: parseFormat(text, label), label, sha256 };
}
