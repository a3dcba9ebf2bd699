//
//   The program of a real job, as the records and depths that the engine and the oracle run.
//

import { Field, RECORD_WORDS, Work } from "../../assembly/contract.js";
import { machineVectors, prepare, programOf } from "../../src/job.js";
import type { RunRequest } from "../../src/request.js";
import type { MachineCase } from "./arbitraries.js";

const ONE_SUPPLY = { records: 1 << 16, depths: 1 << 16 };

/** A request of at most 65,536 records as a machine, a device and a program. */
export function realCase(request: Partial<RunRequest>): MachineCase {
  const job = prepare({ machine: "edge", model: "tiny-llama", trace: "decode16", sets: [], ...request });
  const program: Int32Array[] = [];
  let depths = new Uint8Array(0);
  const parts = programOf(job, ONE_SUPPLY, (supply) => {
    for (let at = 0; at < supply.records.length; at += RECORD_WORDS) {
      const record = supply.records.slice(at, at + RECORD_WORDS);
      if (record[Field.Kind] === Work.Route) record[Field.RouteDepths] += depths.length;
      program.push(record);
    }
    depths = Uint8Array.from([...depths, ...supply.depths]);
  });
  for (const _ of parts);
  return { ...machineVectors(job.inputs), program, depths };
}
