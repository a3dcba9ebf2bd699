//
//   How far a sweep is, for people: a bar on a terminal with points, pace, size of the front and the time that is left.
//

interface SweepProgress {
  update(state: { done: number; pruned: number; invalid: number; front: number }): void;
  stop(): void;
}

const SILENT: SweepProgress = { update: () => {}, stop: () => {} };
const UPDATES_OF_ETA = 100;
const MS_PER_SECOND = 1000;

/** `known` points were answered before; pace and time left are of the others. */
export async function sweepProgress(
  total: number,
  known: number,
  quiet: boolean,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<SweepProgress> {
  if (quiet || stream.isTTY !== true) return SILENT;
  const { default: cliProgress } = await import("cli-progress");
  const { TimeFormat } = cliProgress.Format;
  const bar = new cliProgress.SingleBar({
    format:
      "[{bar}] {value}/{total} points, {pace}/s, front {front}, {pruned} pruned, {invalid} invalid, {eta_formatted} left",
    formatTime: (time, options, round) => (Number.isFinite(time) ? TimeFormat(time, options, round) : "?"),
    stream,
    barCompleteChar: "#",
    barIncompleteChar: ".",
    clearOnComplete: true,
    hideCursor: true,
    etaBuffer: UPDATES_OF_ETA,
    gracefulExit: false,
  });
  const begin = Date.now();
  bar.start(total, known, { pace: "-", front: 0, pruned: 0, invalid: 0 });
  return {
    update({ done, ...counts }) {
      const pace = ((done - known) * MS_PER_SECOND) / Math.max(1, Date.now() - begin);
      bar.update(done, { ...counts, pace: pace.toPrecision(2) });
    },
    stop: () => bar.stop(),
  };
}
