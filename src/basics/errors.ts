//
//   The one kind of error a user causes. Its message is one line: file, line or key, what was found, what is allowed.
//   And how a check that failed ends, and work that was interrupted: they are no errors of anybody.
//

/** Bad input. `cli.ts` prints `message` alone on stderr and exits with 2; no stack trace, nothing half-written. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** A check failed and has said so on stdout: `cli.ts` exits with 1 and adds nothing. */
export class CheckFailed extends Error {
  override readonly name = "CheckFailed";
}

/** The user ended the work early: `cli.ts` prints `message` on stderr and exits with 130. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** The nearest of `known` to `word` by edit distance, for "did you mean"; undefined when nothing is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
