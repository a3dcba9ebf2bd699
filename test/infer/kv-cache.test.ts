//
//   Keys and values in the cache's formats: where they lie, and how coarse they are.
//

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { roundHalfEven, roundToHalf } from "../../src/basics/half.js";
import { KvCache, type KvFormat } from "../../src/infer/kv-cache.js";
import { kernels } from "../support/infer.js";
import { smallModel } from "../support/pack.js";

const cache = suite("KV cache");
const model = smallModel();
const CAPACITY = 3;
const K = Float32Array.of(9, 9, 1, -0.5, 0.25, 0.126);
const V = Float32Array.of(9, 9, 0, 0, 0, 0);

async function filled(format: KvFormat): Promise<KvCache> {
  const one = new KvCache(await kernels(), model, CAPACITY, format);
  one.append(0, 1, K, V, 2);
  return one;
}

cache("keys lie position by position, values dimension by dimension", async () => {
  const one = await filled("exact");
  one.append(0, 2, V, K, 2);
  assert.equal([...one.keys(0, 0).view], [0, 0, 0, 0, ...K.slice(2), 0, 0, 0, 0]);
  const values = [...one.values(0, 0).view];
  assert.equal(
    values,
    [...K.slice(2)].flatMap((value) => [0, 0, value]),
  );
});

cache("codes of b bits: FP16 scale of the head's vector, nearest code, clamped", async () => {
  for (const bits of [2, 3, 4, 8] as const) {
    const one = await filled(bits);
    const largest = 2 ** (bits - 1) - 1;
    const scale = roundToHalf(1 / largest);
    const wanted = [...K.slice(2)].map((value) => {
      return scale * Math.max(-largest, Math.min(largest, roundHalfEven(value / scale)));
    });
    assert.equal([...one.keys(0, 0).view.slice(4, 8)], wanted);
    assert.equal([...one.values(0, 0).view], new Array(12).fill(0), "a vector of zeros stays one");
  }
});

cache.run();
