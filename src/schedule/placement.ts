//
//   Where everything lies in DRAM. Every stream is a region that starts on a stripe (one row of every bank group of every
//   channel) plus its bank stagger; every run starts on a stripe, its tail is padded in addresses and not fetched.
//   Exception: embedding rows are packed on whole transactions of all channels (a stripe each would cost gigabytes).
//
//     slice 1..4, scales, router of each linear | lm_head | embedding, positions | K, V, KV scales of each layer and sequence | spill
//     codes lie where slice 1 would
//

import { InputError } from "../basics/errors.js";
import { BYTES_PER_KIB } from "../basics/units.js";
import type { Machine } from "../hardware/machine.js";
import type { Linear, Model } from "../model/model.js";
import { SLICES } from "../trace/trace-json.js";
import { lmHeadTileBytes, scaleRunBytes, weightFormat } from "./codes.js";
import { mostSpillRuns } from "./spill.js";
import { codeBytes, limitsOf, roundUp } from "./tiles.js";

/** Facts about the memory that a placement needs. */
interface Memory {
  stripeBytes: number;
  /** One transaction of every channel. */
  granuleBytes: number;
  capacityBytes: number;
}

/** Tiles of one stream of one linear, row tile by row tile. */
interface TileRegion {
  base: number;
  pitch: number;
}

interface LinearPlace {
  slices: TileRegion[];
  scales: TileRegion;
  router: number;
  kTiles: number;
}

interface CachePlace {
  base: number;
  /** Bytes of one KV head's region. */
  headBytes: number;
  /** Bytes from one run of positions to the next. */
  runBytes: number;
}

/** What is cached of each layer and sequence, in this order. */
const CACHES = ["k", "v", "scales"] as const;

type StreamName = keyof Machine["dram"]["bankStagger"];

/** Bytes from `start` on that one stream has for itself. */
export interface Region {
  stream: StreamName;
  start: number;
  bytes: number;
}

export class Placement {
  /** In the order of their addresses. */
  readonly regions: Region[] = [];
  readonly linears: LinearPlace[];
  readonly lmHead: TileRegion & { kTiles: number };
  readonly embedding: number;
  readonly embeddingPitch: number;
  /** Rows of learned positions, packed like the embedding. */
  private readonly positions: number;
  /** Positions of one KV run: whole row tiles that fill a stripe. */
  readonly kvRunPositions: number;
  /** Bytes of one position of one KV head, K or V. */
  readonly kvPitch: number;
  private readonly caches: CachePlace[];
  /** Where the spilled tensors of a token block start. */
  readonly spillBase: number;
  private next = 0;

  constructor(
    private readonly machine: Machine,
    private readonly model: Model,
    private readonly memory: Memory,
    /** `spillBytes`: the spilled tensors of a token block without padding. */
    private readonly extent: { sequences: number; positions: number; spillBytes: number; routed: boolean },
  ) {
    const { array, kv } = machine;
    this.linears = model.linears.map((linear) => this.placeLinear(linear));
    const inputs = Math.min(array.tileInputs, model.hidden);
    const lmTile = lmHeadTileBytes(machine, model, { rows: array.rows, inputs, last: true });
    this.lmHead = { ...this.tiles("lmHead", model.vocab, model.hidden, lmTile), kTiles: this.kTiles(model.hidden) };
    this.embeddingPitch = roundUp(model.hidden * 2, memory.granuleBytes);
    this.embedding = this.region("embedding", model.vocab * this.embeddingPitch);
    this.positions = model.positionRows > 0 ? this.region("embedding", model.positionRows * this.embeddingPitch) : 0;
    this.kvPitch = codeBytes(model.headDim, kv.bits);
    this.kvRunPositions = array.rows * Math.max(1, Math.floor(memory.stripeBytes / this.kvPitch / array.rows));
    this.caches = this.placeCaches();
    const spillPadding = mostSpillRuns(machine, limitsOf(machine), model) * memory.stripeBytes;
    this.spillBase = this.region("activations", extent.spillBytes + spillPadding);
    this.checkCapacity();
    this.checkResidentRouters();
  }

  /** Address of the run of slice `slice` (1..) of a tile of a linear. */
  slice(linear: number, slice: number, rowTile: number, kTile: number): number {
    const place = this.linears[linear];
    const region = place.slices[slice - 1];
    return region.base + (rowTile * place.kTiles + kTile) * region.pitch;
  }

  scales(linear: number, rowTile: number, kTile: number): number {
    const place = this.linears[linear];
    return place.scales.base + (rowTile * place.kTiles + kTile) * place.scales.pitch;
  }

  lmHeadTile(rowTile: number, kTile: number): number {
    return this.lmHead.base + (rowTile * this.lmHead.kTiles + kTile) * this.lmHead.pitch;
  }

  embeddingRow(token: number): number {
    return this.embedding + token * this.embeddingPitch;
  }

  /** Address of the learned embedding of a position; the table's last row is the last position's. */
  positionRow(position: number): number {
    const first = this.model.positionRows - this.model.maxPositions;
    return this.positions + (first + position) * this.embeddingPitch;
  }

  /** Address of a position in a cache of one KV head. */
  cache(kind: "k" | "v" | "scales", layer: number, sequence: number, head: number, position: number): number {
    const place = this.caches[(layer * this.extent.sequences + sequence) * CACHES.length + CACHES.indexOf(kind)];
    const run = Math.floor(position / this.kvRunPositions);
    const inRun = (position % this.kvRunPositions) * this.pitch(kind);
    return place.base + head * place.headBytes + run * place.runBytes + inRun;
  }

  /** Bytes of one position of one KV head. */
  pitch(kind: "k" | "v" | "scales"): number {
    return kind === "scales" ? this.machine.kv.scaleBytes : this.kvPitch;
  }

  get stripeBytes(): number {
    return this.memory.stripeBytes;
  }

  /** Bytes in use, padding included. */
  get bytes(): number {
    return this.next;
  }

  private placeLinear(linear: Linear): LinearPlace {
    const { array, router } = this.machine;
    const kTile = Math.min(array.tileInputs, linear.in);
    const { runs, runBits } = weightFormat(this.machine, SLICES);
    const sliceTile = codeBytes(array.rows * kTile, runBits);
    const names = ["slice1", "slice2", "slice3", "slice4"] as const;
    const slices = names.slice(0, runs).map((name) => this.tiles(name, linear.out, linear.in, sliceTile));
    const scaleTile = scaleRunBytes(this.machine, linear, array.rows, kTile, true);
    const scales = this.tiles("scales", linear.out, linear.in, scaleTile);
    const fetched = this.extent.routed && router.weights === "fetched";
    const weights = fetched ? this.region("router", routerBytes(this.machine, linear)) : 0;
    return { slices, scales, router: weights, kTiles: this.kTiles(linear.in) };
  }

  private placeCaches(): CachePlace[] {
    const { stripeBytes } = this.memory;
    const runs = Math.ceil(this.extent.positions / this.kvRunPositions);
    return Array.from({ length: this.model.layers * this.extent.sequences }, () =>
      CACHES.map((kind) => {
        const runBytes = roundUp(this.kvRunPositions * this.pitch(kind), stripeBytes);
        const headBytes = runs * runBytes;
        return { base: this.region("kv", headBytes * this.model.kvHeads), headBytes, runBytes };
      }),
    ).flat();
  }

  private kTiles(inputs: number): number {
    return Math.ceil(inputs / this.machine.array.tileInputs);
  }

  private tiles(stream: StreamName, outputs: number, inputs: number, tileBytes: number): TileRegion {
    const pitch = roundUp(tileBytes, this.memory.stripeBytes);
    const count = Math.ceil(outputs / this.machine.array.rows) * this.kTiles(inputs);
    return { base: this.region(stream, count * pitch), pitch };
  }

  private region(stream: StreamName, bytes: number): number {
    const { stripeBytes } = this.memory;
    const start = roundUp(this.next, stripeBytes) + this.machine.dram.bankStagger[stream] * stripeBytes;
    this.next = start + bytes;
    this.regions.push({ stream, start, bytes });
    return start;
  }

  private checkCapacity(): void {
    const { capacityBytes } = this.memory;
    if (this.next <= capacityBytes) return;
    const { channels, dieGb, diesPerChannel } = this.machine.dram;
    const dies = `dram.dieGb ${dieGb}, dram.diesPerChannel ${diesPerChannel}`;
    const found = `model ${this.model.name} with its KV cache takes ${this.next} bytes of DRAM`;
    throw new InputError(`${found}; the machine has ${capacityBytes} (dram.channels ${channels}, ${dies})`);
  }

  private checkResidentRouters(): void {
    const { router, buffers } = this.machine;
    if (!this.extent.routed || router.weights === "fetched") return;
    const bytes = this.model.linears.reduce((sum, linear) => sum + routerBytes(this.machine, linear), 0);
    const chip = (buffers.sliceKiB + buffers.activationKiB) * BYTES_PER_KIB;
    if (bytes <= chip) return;
    const found = `router.weights is resident; the routers of model ${this.model.name} take ${bytes} bytes`;
    throw new InputError(`${found}, slice and activation buffer together have ${chip}; allowed fetched`);
  }
}

/** INT8 weights and biases of one linear's two-layer router. */
export function routerBytes(machine: Machine, linear: { in: number }): number {
  const { hidden } = machine.router;
  const scores = SLICES - 1;
  return linear.in * hidden + hidden + hidden * scores + scores;
}
