//
//   Area of a machine's chip in mm2, block by block, as a band where sources differ; and the machine of another one's area.
//
//     energy tables (um2 of PEs, lanes, MACs, adders), SRAM table ──► areaOf ──► total, blocks
//     a limit ──► isoAreaColumns ──► the most columns of the array that stay within it
//
//   Law         the blocks add up to the total.
//   Left out    control, wires between blocks, FP32 adders of the accumulators, DRAM controllers and PHYs (no source).
//

import type { Band } from "../basics/band.js";
import { InputError } from "../basics/errors.js";
import type { Machine } from "../hardware/machine.js";
import { type EnergyTables, machineBuffers } from "./tables.js";

interface Area {
  total: Band;
  blocks: Record<string, Band>;
}

/** The end of the band that machines of equal area are compared at. */
export const ISO_AREA_END = "high";
const MM2_PER_UM2 = 1e-6;
const MOST_COLUMNS = 1024;

export function areaOf(machine: Machine, tables: EnergyTables): Area {
  const { array, router, vector, weights } = machine;
  const { pe } = tables;
  const buffers = machineBuffers(machine, tables);
  const pes = (array.rows * array.columns * array.lanes) / pe.lanes;
  const sums = weights.layout !== "codes" || weights.dequants > 1;
  const blocks = {
    array: logic(pe.areaUm2, pes),
    sumAdders: logic(pe.sumAdderAreaUm2, sums ? array.columns * array.lanes : 0),
    sliceBuffer: sram(buffers.slice),
    activationBuffer: sram(buffers.activation),
    accumulators: sram(buffers.accumulator),
    staging: plus(sram(buffers.arrayStaging), sram(buffers.vectorStaging)),
    router: logic(tables.router.macAreaUm2, weights.layout === "codes" ? 0 : router.macs),
    vector: logic(tables.vector.laneAreaUm2, vector.lanes),
  };
  return { total: Object.values(blocks).reduce(plus), blocks };
}

/** The machine with another number of columns, and an activation port in proportion. */
export function withColumns<M extends { array: Machine["array"] }>(machine: M, columns: number): M {
  const { array } = machine;
  const activationPortBits = Math.ceil((array.activationPortBits * columns) / array.columns);
  return { ...machine, array: { ...array, columns, activationPortBits } };
}

/** The most columns with which the machine is not larger than `limit`; throws InputError where there are none. */
export function isoAreaColumns(machine: Machine, tables: EnergyTables, limit: { name: string; area: Area }): number {
  const most = limit.area.total[ISO_AREA_END];
  const areas = Array.from({ length: MOST_COLUMNS }, (_, i) => areaAt(withColumns(machine, i + 1), tables));
  const columns = areas.findLastIndex((mm2) => mm2 !== undefined && mm2 <= most) + 1;
  const about = `--iso-area ${limit.name}`;
  if (columns === 0) {
    const least = areas.find((mm2) => mm2 !== undefined) ?? Number.NaN;
    const found = `${machine.name} takes at least ${least.toFixed(3)} mm2, however few its columns`;
    throw new InputError(`${about}: ${found}; ${limit.name} has ${most.toFixed(3)} (${ISO_AREA_END} ends)`);
  }
  if (areas[columns] === undefined) {
    const found = `more than ${columns} columns fit, and the SRAM table has no banks for them`;
    throw new InputError(`${about}: ${found}; allowed a machine of less than ${most.toFixed(3)} mm2`);
  }
  return columns;
}

/** Undefined where the SRAM table has no such banks. */
function areaAt(machine: Machine, tables: EnergyTables): number | undefined {
  try {
    return areaOf(machine, tables).total[ISO_AREA_END];
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function logic({ low, high }: Band, count: number): Band {
  return { low: low * count * MM2_PER_UM2, high: high * count * MM2_PER_UM2 };
}

function sram({ areaMm2 }: { areaMm2: number }): Band {
  return { low: areaMm2, high: areaMm2 };
}

function plus(a: Band, b: Band): Band {
  return { low: a.low + b.low, high: a.high + b.high };
}
