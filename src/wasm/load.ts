//
//   Loads machine.wasm and checks that it was built from the contract this code was built from.
//

import * as contract from "../../assembly/contract.js";
import * as events from "../../assembly/events.js";
import { compileBinary, instanceOf } from "./instance.js";

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
  memoOf(machine: number): number;
  observe(machine: number, limit: number): void;
  eventsOf(machine: number): number;
  eventCountOf(machine: number): number;
  emptyEvents(machine: number): void;
  blockedOf(machine: number): number;
  canonicalOf(machine: number, words: number, capacity: number): number;
  loadInto(machine: number, now: bigint, words: number, count: number): void;
}

/** Compiles the binary once for any number of instances. */
export const compileMachine = compileBinary;

/** Instantiates the binary; a private memory each. Throws when it is stale. */
export async function loadMachine(module: WebAssembly.Module): Promise<MachineExports> {
  return (await instanceOf(module, { ...contract, ...events })) as unknown as MachineExports;
}
