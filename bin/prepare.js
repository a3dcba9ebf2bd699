//
//   What `npm ci` and `npm pack` run: builds from nothing when the compilers are installed, so that no file of an earlier
//   version is left in dist/; says what is missing when they are not (`npm ci --omit=dev`): such an installation does not fail.
//
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

if (existsSync(new URL("../node_modules/assemblyscript", import.meta.url))) {
  rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true });
  const { status } = spawnSync("npm run build", { cwd: root, shell: true, stdio: "inherit" });
  process.exitCode = status ?? 1;
} else {
  process.stderr.write("mobisim: compilers are not installed, nothing was built; run `npm ci && npm run build`\n");
}
