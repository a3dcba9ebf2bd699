//
//   The order in which mutants are tried: shuffled by a seed inside each file, files interleaved by their share, so that
//   the first N of it are a sample stratified by file, for every N. A run that is cut off has a fair sample, too.
//

import { philox } from "../../src/basics/random.js";
import type { Mutant } from "./mutants.js";

export function inSampleOrder(files: readonly (readonly Mutant[])[], seed: number): Mutant[] {
  return files
    .flatMap((mutants, file) =>
      shuffled(mutants, file, seed).map((mutant, i) => ({ mutant, at: (i + 0.5) / mutants.length })),
    )
    .sort((a, b) => a.at - b.at)
    .map(({ mutant }) => mutant);
}

function shuffled(mutants: readonly Mutant[], file: number, seed: number): Mutant[] {
  return mutants
    .map((mutant, i) => ({ mutant, draw: philox([i, file, 0, 0], [seed, 0])[0] }))
    .sort((a, b) => a.draw - b.draw)
    .map(({ mutant }) => mutant);
}
