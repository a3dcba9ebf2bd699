//
//   What every binary needs: compiled once, instantiated with a private memory each, refused when it is stale.
//
//     bytes ──► compileBinary ──► module ──► instanceOf(module, contract) ──► exports, started
//

import { instantiateSync } from "@assemblyscript/loader";

/** Enums (and constants, which do not cross) of one contract file. */
type Contract = Readonly<Record<string, unknown>>;

/** Compiles a binary once for any number of instances. */
export function compileBinary(binary: Uint8Array): Promise<WebAssembly.Module> {
  return WebAssembly.compile(binary);
}

/** Instantiates a binary and starts it. Throws when it was built from another contract. */
export async function instanceOf(module: WebAssembly.Module, contract: Contract): Promise<WebAssembly.Exports> {
  // The loader's asynchronous door asks whether the module is an HTTP response, and node loads its HTTP client to answer.
  const { exports } = instantiateSync(module, { env: { abort } });
  checkContract(exports, contract);
  (exports.start as () => void)();
  return exports;
}

/** An assertion of the binary failed: a defect of MoBiSim, never of its input. */
function abort(_message: number, _file: number, line: number, column: number): never {
  throw new Error(`internal: the engine stopped at line ${line}, column ${column} of one of its files`);
}

/** Compares every enum of the binary with the source this program was built from. */
function checkContract(exports: Record<string, unknown>, contract: Contract): void {
  for (const [enumName, members] of Object.entries(contract)) {
    if (typeof members !== "object" || members === null) continue;
    for (const [member, value] of Object.entries(members)) {
      if (typeof value !== "number") continue;
      const found = exports[enumName] as Record<string, WebAssembly.Global> | undefined;
      if (found?.[member]?.value !== value) {
        throw new Error(`internal: stale build (${enumName}.${member} differs), run npm run build`);
      }
    }
  }
}
