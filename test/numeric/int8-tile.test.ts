//
//   INT8 activations: what a tile holds, products with INT8 weights, and that nothing is written beside its room.
//

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GROUP, INTEGER_TILE } from "../../assembly/numeric/contract.js";
import { Int8Linear } from "../../src/infer/linear.js";
import { int8CodedProduct } from "../oracle/linear.js";
import { RUNS, SEED } from "../support/build.js";
import { kernels } from "../support/infer.js";
import { BUILDS, Guarded } from "../support/numeric.js";

const tiles = suite("INT8 tile");
const FLOAT_BYTES = 4;

for (const build of BUILDS) {
  tiles(`${build}: packing writes the tile, four scales and the groups' sums, nothing behind them`, async () => {
    for (const inputs of [1, 15, 16, 17, 127, 128, 129, 256]) {
      const memory = await Guarded.of(build);
      const x = Float32Array.from({ length: inputs }, (_, k) => (k === 0 ? 127 : ((k * 29) % 255) - 127));
      const rows = memory.room(INTEGER_TILE * FLOAT_BYTES);
      const source = memory.room(x.byteLength);
      const tile = memory.room(Math.ceil(inputs / 16) * 16 * INTEGER_TILE * 2);
      const scales = memory.room(INTEGER_TILE * FLOAT_BYTES);
      const sums = memory.room(Math.ceil(inputs / GROUP) * INTEGER_TILE * FLOAT_BYTES);
      source.bytes.set(new Uint8Array(x.buffer));
      new Uint32Array(rows.bytes.buffer, rows.at, INTEGER_TILE).set([0, source.at, 0, 0]);
      memory.wasm.packInt8(rows.at, inputs, tile.at, scales.at, sums.at);
      memory.check(`${inputs} inputs`);
      assert.equal([...new Float32Array(scales.bytes.buffer, scales.at, INTEGER_TILE)], [0, 1, 0, 0]);
      const codes = new Int16Array(tile.bytes.buffer, tile.at, tile.bytes.length / 2);
      const codeOf = (k: number, token: number) => codes[((k >> 3) * INTEGER_TILE + token) * 8 + (k & 7)];
      for (let k = 0; k < Math.ceil(inputs / 16) * 16; k++) {
        assert.equal(
          [0, 1, 2, 3].map((token) => codeOf(k, token)),
          [0, x[k] ?? 0, 0, 0],
          `column ${k}`,
        );
      }
      const totals = new Float32Array(sums.bytes.buffer, sums.at, sums.bytes.length / FLOAT_BYTES);
      for (let group = 0; group * GROUP < inputs; group++) {
        const own = x.subarray(group * GROUP, (group + 1) * GROUP).reduce((sum, value) => sum + value, 0);
        assert.is(totals[group * INTEGER_TILE + 1], own);
      }
    }
  });

  tiles(`${build}: INT8 weights, rows of any length: exact, then two roundings, seed ${SEED}`, async () => {
    const unit = await kernels(build);
    const shape = fc.record({
      inputs: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(512, 600)),
      outputs: fc.integer({ min: 1, max: 5 }),
      tokens: fc.integer({ min: 1, max: 6 }),
      seed: fc.nat(),
    });
    const law = fc.property(shape, ({ inputs, outputs, tokens, seed }) => {
      const code = (i: number) => Math.imul(i + seed, 0x9e3779b1) >> 24 || 1;
      const codes = Int8Array.from({ length: inputs * outputs }, (_, i) => code(i));
      const scales = Float32Array.from({ length: outputs }, (_, row) => 2 ** -row);
      const x = Float32Array.from({ length: inputs * tokens }, (_, i) =>
        i % inputs === 0 ? 127 : Math.max(-127, code(i * 7)),
      );
      const y = { vector: unit.floats(tokens * outputs), pitch: outputs };
      const layer = new Int8Linear(unit, { inputs, codes, scales });
      layer.apply({ vector: unit.floats(x), pitch: inputs }, y, new Uint8Array(tokens));
      for (let token = 0; token < tokens; token++) {
        for (let row = 0; row < outputs; row++) {
          let exact = 0;
          for (let k = 0; k < inputs; k++) exact += x[token * inputs + k] * codes[row * inputs + k];
          assert.is(y.vector.view[token * outputs + row], exact * scales[row], `token ${token}, row ${row}`);
        }
      }
    });
    fc.assert(law, { seed: SEED, numRuns: RUNS });
  });
}

tiles("codes without offsets have none, however many blocks there are", async () => {
  const unit = await kernels();
  const [inputs, outputs, block] = [64, 1000, 8];
  const values = [-3, -1, 2, 5];
  const codes = Uint8Array.from({ length: inputs * outputs }, (_, i) => (i * i + (i >> 3)) & 3);
  const scale = Float32Array.from({ length: (inputs / block) * outputs }, (_, i) => 1 + (i % 5));
  const x = Float32Array.from({ length: inputs }, (_, k) => Math.sin(k) * 100);
  const y = { vector: unit.floats(outputs), pitch: outputs };
  const placed = unit.codes.int8({ inputs, outputs, block, values, codes, scale, offset: null });
  unit.codes.multiplyInt8({ vector: unit.floats(x), pitch: inputs }, y, Int32Array.of(0), placed);
  const integers = Array.from(codes, (code) => values[code]);
  const wanted = int8CodedProduct({ inputs, outputs, block, integers, scale, offset: null }, x);
  assert.equal([...y.vector.view.subarray(0, outputs)], [...wanted]);
});

tiles.run();
