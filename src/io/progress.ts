//
//   A progress bar for people, with the time that is left: on stderr, only on a terminal, only for work that takes longer
//   than a second.
//

interface Progress {
  update: (done: number, total: number) => void;
  /** Removes the bar. Safe to call more than once. */
  stop: () => void;
}

/** How somebody follows work, and stops it. */
interface Attention {
  onProgress: Progress["update"];
  signal: AbortSignal;
}

const PATIENCE_MS = 1000;
/** The time left follows the pace of the latest updates: many, because threads report in turns. */
const UPDATES_OF_ETA = 500;
const SILENT: Progress = { update: () => {}, stop: () => {} };

interface ProgressOptions {
  /** What is done, as the bar begins. */
  readonly verb?: string;
  readonly stream?: NodeJS.WriteStream;
}

/** A bar that appears by itself when the work takes long; nothing at all when quiet or piped. */
export async function startProgress(
  quiet: boolean,
  { verb = "simulating", stream = process.stderr }: ProgressOptions = {},
): Promise<Progress> {
  if (quiet || stream.isTTY !== true) return SILENT;
  const { default: cliProgress } = await import("cli-progress");
  const { TimeFormat } = cliProgress.Format;
  const bar = new cliProgress.SingleBar({
    format: `${verb} [{bar}] {percentage}%  {duration_formatted}, {eta_formatted} left`,
    // Before there is a pace it is no number.
    formatTime: (time, options, round) => (Number.isFinite(time) ? TimeFormat(time, options, round) : "?"),
    stream,
    barCompleteChar: "#",
    barIncompleteChar: ".",
    clearOnComplete: true,
    // Ctrl-C in the middle of a long reading ends the process at once: the terminal is as it was.
    hideCursor: false,
    linewrap: true,
    etaBuffer: UPDATES_OF_ETA,
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

/** A line for people, before work that they may want to have shorter. */
export function tell(quiet: boolean, line: string, stream: NodeJS.WriteStream = process.stderr): void {
  if (!quiet && stream.isTTY === true) stream.write(`${line}\n`);
}

/** Waits for what has no bar; says what for if it takes longer than a second. */
export async function awaited<T>(
  answer: Promise<T>,
  quiet: boolean,
  line: string,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<T> {
  const timer = setTimeout(() => tell(quiet, line, stream), PATIENCE_MS);
  return answer.finally(() => clearTimeout(timer));
}

/** Work with a bar. Ctrl-C asks it to end where it can; the second one leaves at once. */
export async function attended<T>(
  quiet: boolean,
  work: (attention: Attention) => Promise<T>,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<T> {
  const progress = await startProgress(quiet, { stream });
  const controller = new AbortController();
  const interrupt = () => {
    progress.stop();
    if (controller.signal.aborted) {
      stream.write("interrupted: no result, nothing written\n");
      process.exit(130);
    }
    if (!quiet) stream.write("interrupted: finishing the step under way, once more leaves at once\n");
    controller.abort();
  };
  // Interrupted, it is not the whole that is left.
  const onProgress = (done: number, total: number) => {
    if (!controller.signal.aborted) progress.update(done, total);
  };
  process.on("SIGINT", interrupt);
  try {
    return await work({ onProgress, signal: controller.signal });
  } finally {
    progress.stop();
    process.off("SIGINT", interrupt);
  }
}

/** Drives work to its end, says how far it is, and lets the event loop breathe. */
export async function finished<T>(work: Generator<{ done: number; total: number }, T>, progress: Progress): Promise<T> {
  try {
    for (let next = work.next(); ; next = work.next()) {
      if (next.done) return next.value;
      progress.update(next.value.done, next.value.total);
      await new Promise((resolve) => setTimeout(resolve));
    }
  } finally {
    progress.stop();
  }
}
