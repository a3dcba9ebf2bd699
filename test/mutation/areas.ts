//
//   What is mutated, and by which suites a mutant should be found: the arithmetic and the timing rules.
//
//   Left out    what channels remember (memo, segments, frame, ...): it may not change any number, laws/memo compares it with none;
//               doors for checks (driver, bare), the canonical state's helpers, events for observers.

interface Area {
  name: string;
  files: RegExp;
  /** Test files, from test/. The mutated file's own suite comes first, then those that take least. */
  suites: readonly string[];
}

const CORE = ["array", "fetch", "pass", "pipeline", "router", "sequencer", "store", "vector"];
const LAWS = ["oracle", "conservation", "order", "degenerate", "supply", "observe", "state"];

export const AREAS: readonly Area[] = [
  {
    name: "timing of the core",
    files:
      /^assembly\/machine\/(clock|system|core\/(array|arrivals|board|core|fetch|pass|pipeline|queue|router|routes|runs|sequencer|store|vector))\.ts$/,
    suites: [
      ...CORE.map((name) => `machine/core/${name}`),
      ...LAWS.map((name) => `laws/${name}`),
      ...["machine/clock", "machine/system", "schedule/engine"],
    ],
  },
  {
    name: "timing of DRAM",
    files:
      /^assembly\/machine\/memory\/(address|bank|channel|completions|controller|ddr|frfcfs|hbm|lpddr5|maintenance|queue|refresh|rules|runs|service|special|tally|tree)\.ts$/,
    suites: [
      ...["gates", "channel", "golden"].map((name) => `machine/memory/${name}`),
      ...["laws/oracle", "laws/conservation", "laws/state"],
    ],
  },
  {
    name: "arithmetic of PE and kernels",
    files: /^assembly\/numeric\/(?!index|contract).*\.ts$/,
    suites: [
      ...["dequant", "elementwise", "fp16-pe", "int8-tile", "integer-pe", "pe-window"].map((name) => `numeric/${name}`),
      ...["kv-cache", "linear", "coded-linear", "fp16pe", "permutation", "reference"].map((name) => `infer/${name}`),
      ...["check/pe", "check/quant"],
    ],
  },
  {
    name: "arithmetic of formats",
    files:
      /^src\/(basics\/half|formats\/(coded|group-rules|quantizer|scale-tree|second-level|slice-layout|term-code|term-table))\.ts$/,
    suites: [
      ...["coded", "format", "group-rules", "on-machine", "scale-tree", "slices", "term-code", "term-table"].map(
        (name) => `formats/${name}`,
      ),
      ...["basics/half", "infer/coded-linear", "infer/kv-cache", "check/pe", "check/quant"],
    ],
  },
  {
    name: "arithmetic of the functional path",
    files: /^src\/infer\/(attention|coded-kv-cache|coded-linear|kv-cache|linear|rope|router|slices|transformer)\.ts$/,
    suites: [
      ...["coded-linear", "fp16pe", "kv-cache", "linear", "permutation", "record"].map((name) => `infer/${name}`),
      ...["reference", "rope", "router", "routing", "slices", "trace", "weights"].map((name) => `infer/${name}`),
    ],
  },
];

export function areaOf(file: string): Area | undefined {
  return AREAS.find(({ files }) => files.test(file));
}

/** The suite that lies where the file lies. */
export function ownSuite(file: string): string {
  return file.replace(/^(assembly|src)\//, "").replace(/\.ts$/, "");
}
