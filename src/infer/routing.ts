//
//   Who decides how many slices a token gets in a linear, while the model reads a text.
//
//     constant     k for everybody                      routers      as the slices' routers score the linear's input
//     given        a table [position][linear]           recorded     what another source decided is kept in such a table
//
//   shuffled: the same depths, dealt out anew among the tokens of each linear. So every linear keeps its bits, and what the
//   routers knew of the tokens is lost: the control that says what routing is worth.
//

import { philox } from "../basics/random.js";
import type { Router } from "./router.js";
import { slicesOf } from "./router.js";
import type { Block, Depths } from "./transformer.js";

/** A source of depths for each block of a sequence. */
export type DepthSource = (block: Block) => Depths;

export function constantDepths(slices: number): DepthSource {
  return () => (_linear, _x, count) => new Uint8Array(count).fill(slices);
}

/** The routers at a threshold; `see` gets the scores [token][3] of every linear. */
export function routedDepths(
  routers: readonly Router[],
  threshold: number,
  see: (linear: number, scores: Float32Array) => void = () => {},
): DepthSource {
  return () => (linear, x, count) => {
    const scores = routers[linear].scores(x, count);
    see(linear, scores);
    return slicesOf(scores, threshold);
  };
}

/** Depths [position][linear]. */
export function givenDepths(table: Uint8Array, linears: number): DepthSource {
  return ({ position }) =>
    (linear, _x, count) =>
      Uint8Array.from({ length: count }, (_, place) => table[(position + place) * linears + linear]);
}

/** Keeps what a source decides in `table` [position][linear]. */
export function recordedDepths(source: DepthSource, table: Uint8Array, linears: number): DepthSource {
  return (block) => {
    const depths = source(block);
    return (linear, x, count) => {
      const chosen = depths(linear, x, count);
      for (const [place, depth] of chosen.entries()) table[(block.position + place) * linears + linear] = depth;
      return chosen;
    };
  };
}

/** The depths of each linear in another order of tokens; the same for the same seed. */
export function shuffledDepths(table: Uint8Array, linears: number, seed: number): Uint8Array {
  const shuffled = table.slice();
  const rows = table.length / linears;
  for (let linear = 0; linear < linears; linear++) {
    for (let row = rows - 1; row > 0; row--) {
      const other = philox([row, linear, 0, 0], [seed, SHUFFLE])[0] % (row + 1);
      const [a, b] = [row * linears + linear, other * linears + linear];
      [shuffled[a], shuffled[b]] = [shuffled[b], shuffled[a]];
    }
  }
  return shuffled;
}

/** Keeps this use of a seed apart from others. */
const SHUFFLE = 0x5f1e;
