//
//   A home for one job: a temporary copy of what is built, beside links to everything else. A mutant lives only there.
//

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Outputs } from "./build.js";

/** What node resolves links of, so that a link would lead to the unmutated program. */
const COPIED = ["bin", "dist", "package.json"];

export class Home {
  readonly root = mkdtempSync(join(tmpdir(), "mobisim mutant "));
  private readonly clean = new Map<string, Uint8Array>();

  constructor(project: string) {
    for (const name of readdirSync(project).filter((entry) => entry !== ".git")) {
      if (COPIED.includes(name)) cpSync(join(project, name), join(this.root, name), { recursive: true });
      else symlinkSync(join(project, name), join(this.root, name));
    }
  }

  /** Puts these in place of what was built, and of what was put before. */
  put(outputs: Outputs): void {
    for (const [name, bytes] of this.clean) writeFileSync(this.at(name), bytes);
    for (const [name, content] of outputs) {
      if (!this.clean.has(name)) this.clean.set(name, readFileSync(this.at(name)));
      writeFileSync(this.at(name), content);
    }
  }

  at(name: string): string {
    return join(this.root, "dist", name);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
