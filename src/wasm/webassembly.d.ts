//
//   The part of the WebAssembly interface that is used here; the compiler's own declarations come only with those of a whole
//   browser (lib DOM).
//

declare namespace WebAssembly {
  interface Module {
    readonly brand?: "module";
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface Global {
    readonly value: number;
  }
  interface Exports {
    readonly [name: string]: unknown;
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}
