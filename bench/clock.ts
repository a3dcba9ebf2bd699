//
//   CPU time: what others do on the machine hardly moves it, and the least of some tries even less.
//

/** Seconds of CPU that this process has used, all of its threads. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** CPU seconds of the cheapest of some tries of a task, each with something fresh. */
export function leastSeconds<T>(tries: number, prepare: () => T, task: (prepared: T) => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < tries; i++) {
    const prepared = prepare();
    const begin = cpuSeconds();
    task(prepared);
    least = Math.min(least, cpuSeconds() - begin);
  }
  return least;
}
