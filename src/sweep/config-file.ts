//
//   A point of a sweep as a machine file: every knob, and above them the command that runs it.
//

import { stringify } from "yaml";
import type { Machine } from "../hardware/machine.js";
import type { RunRequest } from "../request.js";
import type { Header } from "./header.js";
import type { Answered } from "./record.js";

/** What the machine file says by itself, or what changes no result. */
const IN_THE_FILE = ["machine", "isoArea", "weights", "sets", "memoMib"];

export function configFile(
  header: Header,
  point: Answered,
  request: RunRequest,
  machine: Machine,
): { name: string; text: string } {
  const name = `${header.name}-${point.id.slice(0, 8)}`.replace(/[^\w.-]+/g, "-");
  const figures = header.objectives.map(({ measure }) => `${measure} ${point.measures?.[measure]}`);
  const options = Object.entries(request).filter(([key]) => !IN_THE_FILE.includes(key));
  const command = ["mobisim run", `--machine ${name}.yaml`, ...options.map(([key, value]) => `--${key} ${value}`)];
  const head = [`# Point ${point.id} of sweep ${header.name}: ${figures.join(", ")}`, `#   ${command.join(" ")}`];
  return { name: `${name}.yaml`, text: `${head.join("\n")}\n${stringify({ ...machine, name })}` };
}
