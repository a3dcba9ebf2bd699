import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { attended, startProgress } from "../../src/io/progress.js";

const progress = suite("progress bar");

function screen(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  return { stream: stream as unknown as NodeJS.WriteStream, shown: () => (stream.read() ?? "").toString() as string };
}

/** What a screen shows of work that reports at once, after `pauseMs`, and then ends. */
async function work(quiet: boolean, isTTY: boolean, pauseMs: number): Promise<string> {
  const { stream, shown } = screen(isTTY);
  const bar = await startProgress(quiet, stream);
  bar.update(0, 10);
  await sleep(pauseMs);
  bar.update(5, 10);
  bar.stop();
  bar.stop();
  return shown();
}

progress("appears for work over a second, and goes away", async () => {
  const text = await work(false, true, 1050);
  assert.match(text, "50%");
  assert.match(text, / left/);
  assert.ok(text.includes("\u001b[?25h"), "the cursor is back");
});

progress("stays away from short work, pipes and the quiet", async () => {
  assert.is(await work(false, true, 10), "");
  assert.is(await work(false, false, 1050), "");
  assert.is(await work(true, true, 1050), "");
});

progress("interrupted, it goes away for good and the work hears of it", async () => {
  const { stream, shown } = screen(true);
  const drawn: string[] = [];
  const aborted = await attended(
    false,
    async ({ onProgress, signal }) => {
      await sleep(1050);
      onProgress(5, 10);
      drawn.push(shown());
      process.emit("SIGINT");
      drawn.push(shown());
      onProgress(6, 10);
      return signal.aborted;
    },
    stream,
  );
  assert.ok(aborted);
  assert.match(drawn[0], "50%");
  assert.match(drawn[1], "interrupted: finishing the step under way");
  assert.is(shown(), "", "nothing is drawn after it");
});

progress.run();
