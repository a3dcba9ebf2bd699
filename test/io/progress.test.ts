import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { attended, awaited, startProgress, tell } from "../../src/io/progress.js";

const progress = suite("progress bar");

function screen(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  return { stream: stream as unknown as NodeJS.WriteStream, shown: () => (stream.read() ?? "").toString() as string };
}

/** What a screen shows of work that reports at once, after `pauseMs`, and then ends. */
async function work(quiet: boolean, isTTY: boolean, pauseMs: number): Promise<string> {
  const { stream, shown } = screen(isTTY);
  const bar = await startProgress(quiet, { verb: "reading", stream });
  bar.update(0, 10);
  await sleep(pauseMs);
  bar.update(5, 10);
  bar.stop();
  bar.stop();
  return shown();
}

progress("appears for work over a second, and goes away", async () => {
  const text = await work(false, true, 1050);
  assert.match(text, "reading [");
  assert.match(text, "50%");
});

progress("says what is left when it has seen a pace, and no number before", async () => {
  const { stream, shown } = screen(true);
  const bar = await startProgress(false, { stream });
  await sleep(1050);
  bar.update(1, 4);
  const first = shown();
  await sleep(1050);
  bar.update(2, 4);
  bar.stop();
  assert.match(first, /25%.*, \? left/);
  assert.match(shown(), /50%.*, [1-9]s left/);
});

progress("changes nothing of the terminal that a process killed in the middle would leave behind", async () => {
  const text = await work(false, true, 1050);
  for (const [mode, name] of [
    ["?25l", "the cursor is hidden"],
    ["?7l", "lines are not wrapped"],
  ]) {
    assert.not(text.includes(`\u001b[${mode}`), name);
  }
});

progress("a note is for terminals, and for those who want notes", () => {
  const told = (quiet: boolean, isTTY: boolean) => {
    const { stream, shown } = screen(isTTY);
    tell(quiet, "long", stream);
    return shown();
  };
  assert.equal([told(false, true), told(true, true), told(false, false)], ["long\n", "", ""]);
});

progress("stays away from short work, pipes and the quiet", async () => {
  assert.is(await work(false, true, 10), "");
  assert.is(await work(false, false, 1050), "");
  assert.is(await work(true, true, 1050), "");
});

progress("waiting is explained when it is long", async () => {
  const waited = async (ms: number) => {
    const { stream, shown } = screen(true);
    assert.is(await awaited(sleep(ms, 7), false, "still at it", stream), 7);
    await sleep(1050);
    return shown();
  };
  assert.equal([await waited(1050), await waited(1)], ["still at it\n", ""]);
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
