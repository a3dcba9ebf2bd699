//
//   A machine file of hw-configs/baselines and the published cost formula count the same compute cycles: without DRAM and
//   vector unit, without the causal skip, with logits for all tokens, buffers that hold the whole step. One layer and lm_head
//   of the six models. So no cut into K tiles and KV runs loses a ceil; neither do token blocks: the widest batch has the
//   buffers of the file, and its linears go in blocks of whole column groups.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../../assembly/contract.js";
import { type ComparedMachine, parseComparison } from "../../src/bitmod/data-file.js";
import { estimate } from "../../src/bitmod/estimate.js";
import { formulaModel } from "../../src/bitmod/from-model.js";
import { type FormulaStep, type Phase, weightBitsOf } from "../../src/bitmod/tables.js";
import { channelVector } from "../../src/dram/device.js";
import { type Machine, machineKnobs, parseMachine } from "../../src/hardware/machine.js";
import { readNamed } from "../../src/io/files.js";
import { readModel } from "../../src/io/models.js";
import type { Model } from "../../src/model/model.js";
import { codesPlan } from "../../src/trace/plan.js";
import { Machine as Engine } from "../../src/wasm/machine.js";
import { shippedDevice } from "../support/dram-parts.js";
import { engine } from "../support/engine.js";
import { emitTo } from "../support/schedule.js";

const law = suite("the BitMoD formula's compute cycles");
/** The comparison's names of models, and those of models/. */
const MODELS: Record<string, string> = {
  ...{ "opt-1.3b": "opt-1.3b", "phi-2": "phi-2", "yi-6b": "yi-6b" },
  ...{ "llama-2-7b": "llama-2-7b-hf", "llama-2-13b": "llama-2-13b-hf", "llama-3-8b": "llama-3-8b" },
};
const CONTEXT = 256;
const HUGE = [
  ...["buffers.sliceKiB=524288", "buffers.activationKiB=1048576", "buffers.activationReserveKiB=524288"],
  ...["buffers.arrayStagingKiB=524288", "buffers.vectorStagingKiB=524288"],
];
/** Sequences that no block of a wide linear holds at once. */
const MANY = 40;

const file = readNamed("hw-configs/formula", "bitmod", ".yaml");
const { machines } = parseComparison(file.text, file.label, (name) => readModel(name).model);

function oneLayer(name: string): Model {
  const { model } = readModel(MODELS[name]);
  return { ...model, layers: 1, linears: model.linears.filter(({ layer }) => layer === 0) };
}

const fileOf = ({ name }: ComparedMachine) => `baselines/${name.replace("_", "-")}`;

/** The file of this machine, in the formula's shape and bits, with nothing in its way. */
function degenerate(machine: ComparedMachine, model: string, step: FormulaStep, sizes: string[]): Machine {
  const { text, label } = readNamed("hw-configs", fileOf(machine), ".yaml");
  const { rows, columns } = machine.array[step.phase];
  const bits = weightBitsOf(machine, model, step);
  const port = (columns * machine.lanes * machine.activationBits) / (machine.bitSerial ? 2 : 1);
  return parseMachine(text, label, [
    ...[`array.rows=${rows}`, `array.columns=${columns}`, `array.activationPortBits=${port}`],
    ...[`weights.codeBits=${bits}`, `lmHead.codeBits=${bits}`, "dram.diesPerChannel=32"],
    ...["schedule.causalSkip=off", "schedule.lmHeadTokens=all", "schedule.attentionLead=0", ...sizes],
  ]);
}

async function busyCycles(machine: Machine, model: Model, phase: Phase, batch: number): Promise<number> {
  const device = shippedDevice(machine.dram.device);
  const knobs = machineKnobs(machine, device, 4, { idealDram: true, idealVector: true });
  const whole = new Engine(await engine("release"), knobs, channelVector(device, machine.dram));
  const count = phase === "prefill" ? CONTEXT : 1;
  const context = phase === "prefill" ? 0 : CONTEXT - 1; // the token itself is one of the keys
  const counts = [new Array<number>(batch).fill(count)];
  const plan = codesPlan(machine.weights.codeBits);
  emitTo({ machine, model, plan, sequences: batch, counts, context }, (supply) => {
    whole.supply(supply);
    whole.run();
  });
  whole.end();
  whole.run();
  return whole.counters()[Counter.CyclesBusy];
}

for (const [phase, batch] of [
  ["decode", 1],
  ["decode", 3],
  ["decode", MANY],
  ["prefill", 1],
] as const) {
  for (const machine of machines) {
    law(`${machine.name}, ${phase}, batch ${batch}`, async () => {
      const step: FormulaStep = { revision: "head", phase, batch, context: CONTEXT };
      for (const name of batch === 1 ? Object.keys(MODELS) : ["llama-3-8b"]) {
        const model = oneLayer(name);
        const expected = estimate({ ...formulaModel(model), name }, machine, step).computeCycles;
        const busy = await busyCycles(degenerate(machine, name, step, batch === MANY ? [] : HUGE), model, phase, batch);
        assert.is(busy, expected, `${name}: ${busy}, formula ${expected}`);
      }
    });
  }
}

law.run();
