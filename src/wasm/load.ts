//
//   Loads machine.wasm and checks that it was built from the contract this code was built from.
//

import { instantiate } from "@assemblyscript/loader";
import * as contract from "../../assembly/contract.js";

/** The exports of assembly/machine/index.ts. Handles and vectors are addresses. */
export interface MachineExports {
  memory: WebAssembly.Memory;
  start(): void;
  allocate(bytes: number): number;
  newMachine(knobs: number, device: number): number;
  recordsOf(machine: number): number;
  depthsOf(machine: number): number;
  supplyRecords(): number;
  supplyDepths(): number;
  supply(machine: number, records: number): void;
  takenOf(machine: number): number;
  endProgram(machine: number): void;
  run(machine: number, limit: bigint): number;
  cycleOf(machine: number): bigint;
  countersOf(machine: number): number;
  blockedOf(machine: number): number;
  canonicalOf(machine: number, words: number, capacity: number): number;
  loadInto(machine: number, now: bigint, words: number, count: number): void;
}

/** Compiles the binary once for any number of instances. */
export function compileMachine(binary: Uint8Array): Promise<WebAssembly.Module> {
  return WebAssembly.compile(binary);
}

/** Instantiates the binary; a private memory each. Throws when it is stale. */
export async function loadMachine(module: WebAssembly.Module): Promise<MachineExports> {
  const { exports } = await instantiate(module, { env: { abort } });
  checkContract(exports);
  const machine = exports as unknown as MachineExports;
  machine.start();
  return machine;
}

/** An assertion of the engine failed: a defect of MoBiSim, never of its input. */
function abort(_message: number, _file: number, line: number, column: number): never {
  throw new Error(`internal: the engine stopped at line ${line}, column ${column} of one of its files`);
}

/** Compares every enum of the binary with the source this program was built from. */
function checkContract(exports: Record<string, unknown>): void {
  for (const [enumName, members] of Object.entries(contract)) {
    if (typeof members !== "object") continue;
    for (const [member, value] of Object.entries(members)) {
      if (typeof value !== "number") continue;
      const found = exports[enumName] as Record<string, WebAssembly.Global> | undefined;
      if (found?.[member]?.value !== value) {
        throw new Error(`internal: stale build (${enumName}.${member} differs), run npm run build`);
      }
    }
  }
}
