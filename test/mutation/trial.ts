//
//   One trial: suites against what lies in a home, in a process group of its own, each suite with its time.
//

import { type ChildProcess, spawn } from "node:child_process";
import { performance } from "node:perf_hooks";
import type { Home } from "./home.js";

export interface Suite {
  name: string;
  limitMs: number;
}

export interface Verdict {
  status: "Killed" | "Survived" | "Timeout";
  /** The suite that killed it, and which of its tests. */
  suite?: string;
  reason?: string;
  milliseconds: number;
}

const HEAP = "--max-old-space-size=2048";
const REMEMBERED = 20_000;
/** To load node and the suite. */
const START_MS = 20_000;

export function trial(home: Home, suites: readonly Suite[]): Promise<Verdict> {
  const begin = performance.now();
  const limits = new Map(suites.map(({ name, limitMs }) => [name, limitMs]));
  const child = spawn(process.execPath, [HEAP, home.at("test/mutation/judge.js"), ...limits.keys()], {
    ...{ cwd: home.root, detached: true, stdio: ["ignore", "pipe", "pipe", "ipc"] },
    env: { ...process.env, NO_COLOR: "1", MOBISIM_SHARED: "" },
  });
  let [suite, output, late] = ["", "", false];
  const stop = () => {
    late = true;
    killGroup(child);
  };
  let timer = setTimeout(stop, START_MS);
  child.on("message", (name: string) => {
    clearTimeout(timer);
    suite = name;
    timer = setTimeout(stop, limits.get(name));
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output = (output + chunk).slice(-REMEMBERED);
    });
  }
  return new Promise((resolve) => {
    child.on("exit", (code) => {
      clearTimeout(timer);
      killGroup(child);
      const milliseconds = Math.round(performance.now() - begin);
      if (code === 0) resolve({ status: "Survived", milliseconds });
      else resolve({ status: late ? "Timeout" : "Killed", suite, reason: late ? "" : reasonOf(output), milliseconds });
    });
  });
}

/** With the processes that tests started. */
function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // All of them are gone.
  }
}

/** Which test failed, or the last line of a process that ended otherwise. */
function reasonOf(output: string): string {
  const failed = /test \d+ failed/.exec(output)?.[0];
  return failed ?? (output.trimEnd().split("\n").at(-1) ?? "").slice(0, 300);
}
