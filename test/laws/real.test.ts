//
//   The engine equals the oracle on real work too: whole steps of the embedded model on the edge machine.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RunRequest } from "../../src/request.js";
import { Machine } from "../../src/wasm/machine.js";
import { OracleMachine } from "../oracle/machine.js";
import { differences, engine, runToEnd } from "../support/engine.js";
import { realCase } from "../support/real.js";

const law = suite("engine == oracle on the embedded model");

const REQUESTS: Partial<RunRequest>[] = [
  { budget: 4, batch: 1, steps: 2 },
  { budget: 2.5, batch: 4, steps: 1, sets: ["router.sliceOneLead=0", "kv.bits=4"] },
  {
    slices: 1,
    batch: 2,
    steps: 1,
    context: 200,
    sets: ["clock.coreMHz=1500", "dram.device=ddr4-3200", "dram.dieGb=8"],
  },
  { budget: 3, synthetic: "markov", rho: 0.5, phase: "mixed", batch: 2, chunk: 3, steps: 2 },
];

for (const request of REQUESTS) {
  law(JSON.stringify(request), async () => {
    const { knobs, device, program, depths } = realCase(request);
    const want = new OracleMachine(knobs, device).run(program, depths);
    const got = runToEnd(new Machine(await engine("release"), knobs, device), program, depths, { chunk: 4000 });
    assert.is(want.status, "quiet");
    assert.equal(differences(got.counters, want.counters), []);
    assert.is(got.cycles, want.cycles);
  });
}

law.run();
