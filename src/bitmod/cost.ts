//
//   What one product costs: tiles, cycles, bytes, how often they are read, picojoules. Both revisions alike.
//
//     tiles = ceil(inputs / lanes) x ceil(outputs / rows) x ceil(tokens / columns) x batch
//     compute = tiles x cycles per tile          cycles = max(compute, dram)
//     dram = trunc(bits moved / bits per cycle)  weights and inputs as often as refetch says
//
//   Left out    fill and drain of a pipeline; latency, rows and refresh of DRAM. Loading overlaps wholly with computing
//               inside a product, and not at all with the next one.
//

import { BITS_PER_BYTE, ceilDiv } from "../basics/units.js";
import type { Product } from "./products.js";
import type { FormulaMachine, FormulaStep, Platform, SramPort } from "./tables.js";

interface Bytes {
  readonly weights: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** Times weights and inputs are read from DRAM; one of the two is 1. */
interface Reads {
  readonly weights: number;
  readonly inputs: number;
}

/** Of one product; a step has `product.count` of them. */
export interface ProductCost {
  readonly product: Product;
  readonly tiles: number;
  readonly computeCycles: number;
  readonly dramCycles: number;
  /** The larger of the two. */
  readonly cycles: number;
  readonly bytes: Bytes;
  readonly reads: Reads;
  readonly energyPj: ProductEnergy;
}

export interface ProductEnergy {
  readonly pe: number;
  readonly sramRead: number;
  readonly sramWrite: number;
  readonly dram: number;
}

type Ports = { readonly weight: SramPort; readonly input: SramPort };

export function costOf(product: Product, machine: FormulaMachine, ports: Ports, step: FormulaStep): ProductCost {
  const { platform, lanes, activationBits } = machine;
  const { rows, columns } = machine.array[step.phase];
  const { inputs, outputs, tokens, batch } = product;
  const tiles = ceilDiv(inputs, lanes) * ceilDiv(outputs, rows) * ceilDiv(tokens, columns) * batch;
  const computeCycles = tiles * product.cyclesPerTile;
  const bytes = bytesOf(product, activationBits);
  const reads = readsOf(bytes, platform);
  const dramCycles = dramCyclesOf(bytes, reads, platform);
  const energyPj = {
    pe: machine.pePj * platform.peOverhead * rows * columns * computeCycles,
    sramRead: tiles * (ports.weight.readPj + ports.input.readPj),
    sramWrite: sramWritePj(product, reads, ports, machine),
    dram: dramPj(bytes, reads, platform),
  };
  return {
    product,
    tiles,
    computeCycles,
    dramCycles,
    cycles: Math.max(computeCycles, dramCycles),
    bytes,
    reads,
    energyPj,
  };
}

function bytesOf({ inputs, outputs, tokens, batch, ...product }: Product, activationBits: number): Bytes {
  const vector = (elements: number): number => ceilDiv(elements * activationBits, BITS_PER_BYTE) * tokens * batch;
  return {
    weights: ceilDiv(inputs * product.weightBits, BITS_PER_BYTE) * outputs * product.weightBatch,
    inputs: vector(product.inputWidth),
    outputs: vector(outputs),
  };
}

/** Where neither side fits its buffer, the one whose repetition moves less is read again for every part of the other. */
function readsOf({ weights, inputs }: Bytes, { weightBufferBytes, inputBufferBytes }: Platform): Reads {
  if (weights <= weightBufferBytes || inputs <= inputBufferBytes) return { weights: 1, inputs: 1 };
  const inputReads = ceilDiv(weights, weightBufferBytes);
  const weightReads = ceilDiv(inputs, inputBufferBytes);
  const weightsAgain = weightReads * weights + inputs < inputReads * inputs + weights;
  return weightsAgain ? { weights: weightReads, inputs: 1 } : { weights: 1, inputs: inputReads };
}

function dramCyclesOf({ weights, inputs, outputs }: Bytes, reads: Reads, { dram }: Platform): number {
  const cycles = (bytes: number): number => (bytes * BITS_PER_BYTE) / dram.bitsPerCycle;
  return Math.trunc(cycles(weights) * reads.weights + cycles(outputs) + cycles(inputs) * reads.inputs);
}

function dramPj({ weights, inputs, outputs }: Bytes, reads: Reads, { dram }: Platform): number {
  const bits = (weights * reads.weights + inputs * reads.inputs + outputs) * BITS_PER_BYTE;
  return (bits / dram.accessBits) * dram.accessPj;
}

/** Weights once a read, inputs once a read, outputs once into the input buffer, each vector in whole words. */
function sramWritePj(
  product: Product,
  reads: Reads,
  ports: Ports,
  { platform, activationBits }: FormulaMachine,
): number {
  const { sramWriteBits } = platform;
  const wordPj = ({ writePj, widthBits }: SramPort): number => (writePj * sramWriteBits) / widthBits;
  const words = (elements: number, bits: number): number => ceilDiv(elements * bits, sramWriteBits);
  const vectors = product.tokens * product.batch;
  const weightWords = words(product.inputs, product.bufferedBits) * product.outputs * product.weightBatch;
  const inputWords = words(product.inputWidth, activationBits) * vectors;
  const outputWords = words(product.outputs, activationBits) * vectors;
  return (
    weightWords * wordPj(ports.weight) * reads.weights +
    inputWords * wordPj(ports.input) * reads.inputs +
    outputWords * wordPj(ports.input)
  );
}
