//
//   A progress bar for people: on stderr, only on a terminal, only for work that takes longer than a second.
//

export interface Progress {
  update: (done: number, total: number) => void;
  /** Removes the bar. Safe to call more than once. */
  stop: () => void;
}

const PATIENCE_MS = 1000;
const SILENT: Progress = { update: () => {}, stop: () => {} };

/** A bar that appears by itself when the work takes long; nothing at all when quiet or piped. */
export async function startProgress(quiet: boolean, stream: NodeJS.WriteStream = process.stderr): Promise<Progress> {
  if (quiet || stream.isTTY !== true) return SILENT;
  const { default: cliProgress } = await import("cli-progress");
  const bar = new cliProgress.SingleBar({
    format: "simulating [{bar}] {percentage}%  {duration_formatted}, {eta_formatted} left",
    stream,
    barCompleteChar: "#",
    barIncompleteChar: ".",
    clearOnComplete: true,
    hideCursor: true,
    gracefulExit: false,
  });
  const begin = Date.now();
  let shown = false;
  return {
    update(done, total) {
      if (!shown && Date.now() - begin < PATIENCE_MS) return;
      if (!shown) bar.start(total, done);
      shown = true;
      bar.setTotal(total);
      bar.update(done);
    },
    stop() {
      if (shown) bar.stop();
      shown = false;
    },
  };
}
