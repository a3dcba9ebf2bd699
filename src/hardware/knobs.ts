//
//   The knobs of a machine: one row a knob. The row drives the parser, the range error, `--set`, the table in the docs,
//   the JSON Schema for editors and the random machines of the tests, so what can be written is what is tested: see
//   machine-schema.ts.
//
//   A default is the value of the edge machine (docs/machine.md says why); a key left out of a file takes it.
//

export type KnobValue = number | string | readonly string[];

export interface KnobRow {
  readonly path: string;
  readonly kind: "integer" | "number" | "powerOfTwo" | "choice" | "text" | "mapping";
  readonly unit: string;
  readonly min?: number;
  readonly max?: number;
  /** Of a number: it is a multiple of this. */
  readonly step?: number;
  readonly choices?: readonly (number | string)[];
  /** Undefined: a file must say it. */
  readonly default: KnobValue | undefined;
  readonly text: string;
}

/** The fields of a DRAM address, for a mapping given as a list from the highest bits to the lowest. */
export const MAPPING_FIELDS = ["row", "bank", "bankGroup", "column", "channel"] as const;

/** What a DRAM region carries, in the order of Stream in assembly/contract.ts. */
// biome-ignore format: one line
export const STREAMS = ["slice1", "slice2", "slice3", "slice4", "scales", "router", "kv", "activations", "lmHead", "embedding"] as const;

/** A clock is a whole number of kHz: clock ratios are exact integers. */
const CLOCK_STEP_MHZ = 0.001;
/** What a group of 128 weights shares counts as a fraction of a bit of each. */
const BITS_STEP = 1 / 128;

// biome-ignore format: one row a knob
export const KNOBS = [
  text("name", undefined, "name of the machine, as reports print it"),

  number("clock.coreMHz", "MHz", 1, 10000, CLOCK_STEP_MHZ, 1000, "core clock, whole kHz"),
  integer("clock.syncCycles", "cycles", 0, 1000, 2, "destination cycles a signal takes to cross between core and memory clock"),
  integer("clock.requestLatencyCycles", "core cycles", 0, 100000, 10, "controller and PHY, core to memory"),
  integer("clock.returnLatencyCycles", "core cycles", 0, 100000, 10, "controller and PHY, memory to core"),

  integer("sequencer.queueDepth", "records", 1, 65536, 512, "work records each of the six queues holds"),
  integer("sequencer.runTableEntries", "runs", 1, 65536, 2048, "runs dispatched and not yet retired"),
  integer("sequencer.routeTableEntries", "routes", 1, 65536, 256, "router decisions dispatched and not yet retired"),

  integer("array.rows", "PEs", 1, 1024, 64, "PE rows: output rows of a tile"),
  integer("array.columns", "PEs", 1, 1024, 16, "PE columns: tokens of a column group"),
  powerOfTwo("array.lanes", "lanes", 1, 128, 4, "inputs a PE takes in one cycle, one term each"),
  integer("array.tileInputs", "inputs", 1, 65536, 2048, "inputs of a tile (Kt)"),
  integer("array.bitsPerCycle", "bits a cycle", 1, 16, 2, "bits of a code a lane takes: 1 is bit-serial, 2 one radix-4 term, 16 bit-parallel"),
  choice("array.activationBits", "bits", [8, 16], 16, "bits of an activation: 16 is FP16, 8 is INT8"),
  integer("array.weightPortBits", "bits a cycle", 1, 1048576, 512, "weight port from the slice buffer"),
  integer("array.activationPortBits", "bits a cycle", 1, 16777216, 1024, "activation port, all columns together"),
  integer("array.pipelineCycles", "cycles", 0, 1000, 6, "from the last term to the group sum"),
  integer("array.dequantCycles", "cycles", 0, 1000, 11, "serial dequantizer of a PE: 8 with an INT8 scale, 11 with FP16"),

  choice("weights.layout", "", ["slices", "gathered", "codes"], "slices", "slices computed one by one, slices gathered into whole codes, or whole codes (no slices, no router)"),
  number("weights.codeBits", "bits", 1, 16, BITS_STEP, 8, "layout codes: DRAM bits of a weight; a fraction is what a group shares"),
  integer("weights.terms", "cycles", 0, 16, 0, "layout codes, lanes of one term a cycle (array.bitsPerCycle 2): terms of a code; 0: a term for every two bits"),
  integer("weights.group", "inputs", 1, 65536, 128, "inputs that share a scale"),
  integer("weights.scaleBytes", "bytes", 0, 16, 4, "scale and zero point of a group, in runs of their own; 0: none, or inside codeBits"),
  integer("weights.dequants", "", 0, 2, 2, "dequantizations at a group's end: 2 scale and zero point, 1 scale, 0 none"),

  number("lmHead.codeBits", "bits", 1, 16, BITS_STEP, 8, "DRAM bits of an lm_head weight"),
  integer("lmHead.group", "inputs", 0, 65536, 0, "inputs that share a scale; 0: the whole row"),
  integer("lmHead.scaleBytes", "bytes", 0, 16, 2, "scale of a group of the lm_head; 0: none, or inside codeBits"),
  integer("lmHead.dequants", "", 0, 2, 1, "dequantizations at the end of a group of the lm_head"),

  integer("fetch.outstandingRuns", "runs", 1, 65536, 64, "runs granted and not yet arrived"),
  integer("fetch.residualReserveKiB", "KiB", 0, 1048576, 32, "slice buffer the first slices never take"),

  integer("router.macs", "MACs a cycle", 1, 1048576, 256, "INT8 MACs of the token router"),
  integer("router.hidden", "neurons", 1, 4096, 16, "hidden size of the router's MLP"),
  integer("router.pipelineCycles", "cycles", 0, 1000, 8, "pipeline of the router, once a token"),
  integer("router.sliceOneLead", "row tiles", 0, 64, 4, "row tiles whose slice 1 runs before their residual slices; 0 shows the whole hazard"),
  choice("router.weights", "", ["fetched", "resident"], "fetched", "router weights come with the base queue, or lie on chip"),

  integer("vector.lanes", "lanes", 1, 65536, 16, "FP32 lanes of the vector unit"),
  integer("vector.startupCycles", "cycles", 0, 10000, 12, "start of a vector op"),

  integer("buffers.sliceKiB", "KiB", 1, 1048576, 512, "slice buffer: what is fetched for the array waits here"),
  integer("buffers.activationKiB", "KiB", 1, 1048576, 512, "activation buffer"),
  integer("buffers.activationReserveKiB", "KiB", 0, 1048576, 64, "activation buffer kept free of a token block's inputs"),
  integer("buffers.arrayStagingKiB", "KiB", 1, 1048576, 32, "results of the array on their way out"),
  integer("buffers.vectorStagingKiB", "KiB", 1, 1048576, 64, "results of the vector unit on their way out"),

  integer("store.outstanding", "stores", 1, 65536, 64, "stores granted and not yet acknowledged"),
  integer("schedule.attentionLead", "KV heads", 0, 64, 2, "KV heads whose scores run ahead of P x V"),
  choice("schedule.causalSkip", "", ["tile", "off"], "tile", "tile: a tile of positions that no query of a column group may see is skipped"),
  choice("schedule.lmHeadTokens", "", ["last", "all"], "last", "tokens that get logits: the one that is sampled, or all (perplexity)"),

  text("dram.device", "lpddr5-6400", "part: a name in hw-configs/dram or a file"),
  powerOfTwo("dram.channels", "channels", 1, 128, 4, "channels of that part"),
  choice("dram.dieGb", "Gb", [2, 4, 8, 16, 32], 32, "capacity of a die: rows and refresh time follow"),
  powerOfTwo("dram.diesPerChannel", "dies", 1, 64, 1, "times the part's own dies on a channel, as further rows: capacity only"),
  mapping("dram.mapping", "B", "address bits, high to low: A is row, bank, bank group, column; B is row, bank, column, bank group"),
  choice("dram.refresh", "", ["all-bank", "per-bank", "off"], "all-bank", "refresh policy"),
  integer("dram.refreshStaggerClocks", "memory clocks", 0, 1000000, 0, "between the refreshes of neighbouring channels"),
  ...STREAMS.map((stream) =>
    integer(`dram.bankStagger.${stream}` as const, "stripes", 0, 4096, stream === "scales" ? 2 : 0, `where the ${stream} region starts`),
  ),

  choice("kv.bits", "bits", [2, 3, 4, 8, 16], 8, "bits of a K or V element in DRAM: 16 is INT16, or FP16 without scales"),
  integer("kv.scaleBytes", "bytes", 0, 16, 4, "scales of a position's K and V in one KV head; 0: none (FP16)"),

  choice("energy.technologyNm", "nm", [22, 28, 45], 28, "process; the energy tables must be of the same one"),
  text("energy.pe", "bitmod-28nm", "prices of the array: a name in hw-configs/energy or a file"),
  text("energy.sram", "cacti7", "prices and leakage of the buffers, the same way"),
  text("energy.vector", "vector-estimate-28nm", "prices of the vector unit, the same way"),
  text("energy.router", "router-estimate-28nm", "prices of the router, the same way"),
] as const satisfies readonly KnobRow[];

export function knob(path: string): KnobRow | undefined {
  return KNOBS.find((row) => row.path === path);
}

/** The value of the knob at `path` in a machine. */
export function knobValue(machine: object, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, step) => (inner as Record<string, unknown>)[step], machine);
}

// ---- rows

type Row<P extends string> = KnobRow & { readonly path: P };

function integer<P extends string>(
  path: P,
  unit: string,
  min: number,
  max: number,
  edge: number,
  what: string,
): Row<P> {
  return { path, kind: "integer", unit, min, max, default: edge, text: what };
}

function number<P extends string>(
  path: P,
  unit: string,
  min: number,
  max: number,
  step: number,
  edge: number,
  what: string,
): Row<P> {
  return { path, kind: "number", unit, min, max, step, default: edge, text: what };
}

function powerOfTwo<P extends string>(
  path: P,
  unit: string,
  min: number,
  max: number,
  edge: number,
  what: string,
): Row<P> {
  return { path, kind: "powerOfTwo", unit, min, max, default: edge, text: what };
}

function choice<P extends string, V extends number | string>(
  path: P,
  unit: string,
  choices: readonly V[],
  edge: V,
  what: string,
): Row<P> {
  return { path, kind: "choice", unit, choices, default: edge, text: what };
}

function text<P extends string>(path: P, edge: string | undefined, what: string): Row<P> {
  return { path, kind: "text", unit: "", default: edge, text: what };
}

function mapping<P extends string>(path: P, edge: string, what: string): Row<P> {
  return { path, kind: "mapping", unit: "", default: edge, text: what };
}
