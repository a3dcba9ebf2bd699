//
//   What `npm ci` runs last: builds when the compilers were installed, says what is missing when they were not
//   (`npm ci --omit=dev`), so that such an installation does not fail.
//
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

if (existsSync(new URL("../node_modules/assemblyscript", import.meta.url))) {
  const { status } = spawnSync("npm run build", { cwd: root, shell: true, stdio: "inherit" });
  process.exitCode = status ?? 1;
} else {
  process.stderr.write("mobisim: compilers are not installed, nothing was built; run `npm ci && npm run build`\n");
}
