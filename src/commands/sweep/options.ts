//
//   What a space file may name beside knobs, and how the values of a point become a request: the options of run.
//

import { InputError } from "../../basics/errors.js";
import { knob, knobValue } from "../../hardware/knobs.js";
import { parseMachine } from "../../hardware/machine.js";
import { readNamed } from "../../io/files.js";
import { Shelf } from "../../io/inputs.js";
import type { RunRequest } from "../../request.js";
import type { OptionChecks } from "../../sweep/axis.js";
import type { AxisValue } from "../../sweep/levels.js";
import type { Answered, Values } from "../../sweep/record.js";
import { DEFAULT_MACHINE, type MachineValue, type Space } from "../../sweep/space.js";
import { checkNamed, type RequestOptions, RUN_OPTIONS, requestOf } from "../run/options.js";

/** Decode steps of a point where nobody says. */
const DEFAULT_STEPS = 1;
const DEFAULT_MODEL = "tiny-llama";
/** They change no result. */
const NO_AXIS = ["memoMib"];

/** Checks a value of everything that a space may name beside knobs of numbers. */
export function optionChecks(): OptionChecks {
  const named = Object.entries(RUN_OPTIONS).filter(([name]) => name !== "set");
  const checks = named.map(([name, { parse }]): [string, (text: string) => void] => [
    name,
    (text) => {
      parse(text);
      checkNamed(name, text);
    },
  ]);
  return {
    ...Object.fromEntries(checks),
    "dram.device": (text) => readNamed("hw-configs/dram", text, ".yaml"),
  };
}

/** An axis that cannot make a difference is a mistake. */
export function refuseIdleAxes({ axes }: Space, label: string): void {
  const idle = axes.find(({ name }) => NO_AXIS.includes(name));
  if (idle !== undefined) throw new InputError(`${label}: vary.${idle.name} changes no result; allowed in run`);
}

/** What a point of a space asks. */
export function requestOfPoint({ run }: Pick<Space, "run">, values: Values): RunRequest {
  const all = Object.entries({
    steps: DEFAULT_STEPS,
    machine: DEFAULT_MACHINE,
    model: DEFAULT_MODEL,
    ...run,
    ...values,
  });
  const set = all.filter(([name]) => knob(name) !== undefined).map(([name, value]) => `${name}=${value}`);
  const options = all.filter(([name]) => knob(name) === undefined);
  const parsed = options.map(([name, value]) => {
    return [name, RUN_OPTIONS[name as keyof typeof RUN_OPTIONS].parse(String(value))];
  });
  return requestOf({ ...(Object.fromEntries(parsed) as RequestOptions), set });
}

/** Reads the values that machine files give their knobs. */
export function machineValues(shelf: Shelf): MachineValue {
  return (name, path) => {
    const machine = shelf.keep(`machine ${name}`, () => {
      const { text, label } = readNamed("hw-configs", name, ".yaml");
      return parseMachine(text, label);
    });
    return knobValue(machine, path) as AxisValue;
  };
}

/** DRAM parts of the points that could run. */
export function dramParts({ run }: Pick<Space, "run">, answers: readonly Answered[]): string[] {
  const machineValue = machineValues(new Shelf());
  const parts = answers
    .filter(({ status }) => status !== "invalid")
    .map(({ values: own }) => {
      const values: Values = { machine: DEFAULT_MACHINE, ...run, ...own };
      return String(values["dram.device"] ?? machineValue(String(values.machine), "dram.device"));
    });
  return [...new Set(parts)].sort();
}
