#!/usr/bin/env node
//
//   The command `mobisim`: plain JavaScript, so that it can say what to do before anything is built.
//
import { existsSync } from "node:fs";

const built = new URL("../dist/src/cli.js", import.meta.url);

if (existsSync(built)) {
  const { main } = await import(built.href);
  process.exitCode = await main(process.argv.slice(2));
} else {
  process.stderr.write("mobisim is not built: run `npm ci && npm run build` in its folder\n");
  process.exitCode = 2;
}
