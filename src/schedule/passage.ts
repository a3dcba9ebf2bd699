//
//   Groups of row tiles that come again and again: written once record by record, then copied.
//
//     the first of its kind   emitGroup ──► words ──► Passage
//     every other one         Passage ──► words, with its own addresses and waits
//
//   Groups of a kind differ in where their runs lie and in what their first passes wait for, in nothing else: other references
//   are backward distances inside the group, or to the routes before it.
//

import { Field, RECORD_WORDS, Work } from "../../assembly/contract.js";
import type { Context, Passage, Passages } from "./context.js";
import { type Block, emitGroup, type RowTile, takeAccumulators } from "./row-tile.js";

const RUN_WORDS = 3;
const TILE_WORDS = 3;
/** Blocks that are remembered at most: a schedule whose token blocks all differ gains nothing from it. */
const MOST_BLOCKS = 64;

/** The passages of blocks like this one. */
export function passagesOf({ carried }: Context, name: string): Passages {
  const { passages } = carried.records;
  const known = passages.get(name);
  if (known !== undefined) return known;
  if (passages.size === MOST_BLOCKS) passages.clear();
  const none: Passages = new Map();
  passages.set(name, none);
  return none;
}

/** Emits a group of row tiles of `linears` linears in turn, as `emitGroup` does. */
export function emitPassage(context: Context, block: Block, group: RowTile[], linears: number, lead: number): void {
  const emit = () => emitGroup(context, block, group, lead);
  // A re-fetched input is used, and given back, by the first row tile alone.
  if (block.inputRuns.length > 0) {
    emit();
    return;
  }
  const kind = kindOf(block, group, linears);
  const regions = regionsOf(context, block, group, linears);
  const known = block.passages.get(kind);
  if (known !== undefined) {
    repeat(context, block, group, known, regions);
    return;
  }
  const before = context.program.emitted.computes;
  const words = context.program.wordsOf(emit);
  if (words !== null) block.passages.set(kind, passageOf(words, regions, block, group, before));
}

/** What tells groups of a block apart: is it the first, how many tiles, whose turn it is, how many end their linear. */
function kindOf({ waited, tapped }: Block, group: readonly RowTile[], linears: number): number {
  let ends = 0;
  for (let i = Math.max(0, group.length - linears); i < group.length; i++) if (group[i].last) ends++;
  const place = (group.length * linears + group[0].turn) * (linears + 1) + ends;
  return 4 * place + 2 * Number(waited) + Number(tapped);
}

/** Where the runs of a group's linears begin: of each its scales, then its slices. */
function regionsOf({ placement }: Context, { format, regions }: Block, group: RowTile[], linears: number): number[] {
  let next = 0;
  for (let i = 0; i < linears && i < group.length; i++) {
    const { index, rows } = group[i];
    regions[next++] = placement.scales(index, rows.index, 0);
    for (let slice = 1; slice <= format.runs; slice++) regions[next++] = placement.slice(index, slice, rows.index, 0);
  }
  return regions;
}

function passageOf(words: Int32Array, regions: number[], block: Block, group: RowTile[], before: number): Passage {
  const runs: number[] = [];
  const firsts: number[] = [];
  let computes = 0;
  for (let at = 0; at < words.length; at += RECORD_WORDS) {
    if (words[at] === Work.Fetch) {
      runs.push(at, ...placeIn(regions, addressAt(words, at)));
      continue;
    }
    if (words[at + Field.ComputeSlice] === 1) firsts.push(at, computes);
    computes++;
  }
  const tiles = group.flatMap(({ lastCompute }, i) => {
    const first = 2 * i * block.kTiles.length;
    return [firsts[first], firsts[first + 1], lastCompute - before];
  });
  const fetches = runs.length / RUN_WORDS;
  return { words, fetches, computes, runs: Int32Array.from(runs), tiles: Int32Array.from(tiles) };
}

/** The region in which a run lies, and how far in: of those that begin before it, the nearest. */
function placeIn(regions: readonly number[], address: number): [number, number] {
  const offsets = regions.map((start) => (start > address ? Number.POSITIVE_INFINITY : address - start));
  const offset = Math.min(...offsets);
  return [offsets.indexOf(offset), offset];
}

function addressAt(words: Int32Array, at: number): number {
  return (words[at + Field.FetchAddressLow] >>> 0) + words[at + Field.FetchAddressHigh] * 2 ** 32;
}

function repeat(context: Context, block: Block, group: RowTile[], passage: Passage, regions: number[]): void {
  const { program } = context;
  const { runs, tiles } = passage;
  const before = program.emitted.computes;
  const start = program.repeat(passage);
  for (let i = 0; i < runs.length; i += RUN_WORDS) {
    program.setAddress(start + runs[i], regions[runs[i + 1]] + runs[i + 2]);
  }
  for (let i = 0; i < group.length; i++) {
    const after = takeAccumulators(context, block, group[i]);
    const compute = block.waited ? 0 : (block.input.compute ?? 0);
    const vector = block.waited ? 0 : (block.input.vector ?? 0);
    const first = before + tiles[i * TILE_WORDS + 1];
    program.setWaits(start + tiles[i * TILE_WORDS], compute === 0 ? 0 : first - compute + 1, Math.max(vector, after));
    group[i].lastCompute = before + tiles[i * TILE_WORDS + 2];
    block.waited = true;
  }
  block.tapped = true;
}
